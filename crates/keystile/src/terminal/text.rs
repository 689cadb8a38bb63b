//! The screens of a login. URLs are never wrapped.

use crate::duration::in_words;
use crate::ui::{CodeDelivery, CodeScreen, LinkScreen, WaitAction};

/// The action of a key.
pub(super) fn wait_action(key: u8) -> Option<WaitAction> {
    match key {
        b'\r' | b'\n' => Some(WaitAction::Browser),
        b'd' | b'D' => Some(WaitAction::DeviceCode),
        b'p' | b'P' => Some(WaitAction::Paste),
        _ => None,
    }
}

pub(super) fn link(link: &LinkScreen, interactive: bool) -> Vec<String> {
    let LinkScreen { server, url, check, delivery } = link;
    let mut lines = vec![match delivery {
        CodeDelivery::Loopback { opens_browser: true, .. } => {
            format!("Opening your browser to sign in to {server}")
        }
        CodeDelivery::Loopback { opens_browser: false, .. } => {
            format!("To sign in to {server}, open this link in a browser on this machine:")
        }
        CodeDelivery::Pasted => "Open this link in any browser:".into(),
    }];
    lines.extend([String::new(), format!("  {url}"), String::new()]);
    let CodeDelivery::Loopback { port, opens_browser } = delivery else { return lines };
    lines.extend(check.iter().map(|check| format!("  Check that the page shows this code:  {check}")));
    if !opens_browser {
        lines.push(format!(
            "  From another machine, first forward the port: ssh -L {port}:127.0.0.1:{port} HOST"
        ));
    }
    if interactive {
        lines.push("  No browser here? d = device code   p = paste a code   Ctrl-C = stop".into());
    }
    lines.push(String::new());
    lines
}

pub(super) fn code(screen: &CodeScreen, interactive: bool) -> Vec<String> {
    let CodeScreen { page, code, lifetime, picture, .. } = screen;
    let mut lines = vec![
        "To sign in, open this page on any device:".into(),
        String::new(),
        format!("  {page}"),
        String::new(),
        format!("  and enter this code:  {code}"),
        String::new(),
    ];
    if let Some(picture) = picture {
        lines.extend(picture.lines().map(str::to_owned));
        lines.push(String::new());
    }
    lines.push(format!(
        "  Only continue if you started this yourself. The code expires in {}.",
        in_words(*lifetime)
    ));
    if interactive {
        lines.push("  Enter = open the page here   p = paste a code instead   Ctrl-C = stop".into());
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn screen(delivery: CodeDelivery) -> LinkScreen {
        LinkScreen {
            server: "auth.acme.dev".into(),
            url: "https://auth.acme.dev/c/7KQ2-XM4T".into(),
            check: Some("7KQ2-XM4T".into()),
            delivery,
        }
    }

    #[test]
    fn the_link_is_on_a_line_of_its_own() {
        let lines = link(&screen(CodeDelivery::Loopback { port: 4711, opens_browser: true }), true);
        assert_eq!(
            lines,
            [
                "Opening your browser to sign in to auth.acme.dev",
                "",
                "  https://auth.acme.dev/c/7KQ2-XM4T",
                "",
                "  Check that the page shows this code:  7KQ2-XM4T",
                "  No browser here? d = device code   p = paste a code   Ctrl-C = stop",
                "",
            ]
        );
    }

    #[test]
    fn without_a_browser_port_forwarding_is_explained() {
        let lines = link(&screen(CodeDelivery::Loopback { port: 4711, opens_browser: false }), false);
        assert!(lines[0].starts_with("To sign in to auth.acme.dev, open this link"));
        assert!(lines.iter().any(|line| line.contains("ssh -L 4711:127.0.0.1:4711")));
    }

    #[test]
    fn a_link_whose_code_is_pasted_goes_to_any_browser() {
        let lines = link(&screen(CodeDelivery::Pasted), true);
        assert_eq!(lines, ["Open this link in any browser:", "", "  https://auth.acme.dev/c/7KQ2-XM4T", ""]);
    }

    #[test]
    fn the_code_and_its_page_are_always_shown() {
        let screen = CodeScreen {
            page: "https://acme.dev/device".into(),
            complete: Some("https://acme.dev/device?user_code=WDJB-MJHT".into()),
            code: "WDJB-MJHT".into(),
            lifetime: Duration::from_secs(600),
            picture: None,
        };
        assert_eq!(
            code(&screen, false),
            [
                "To sign in, open this page on any device:",
                "",
                "  https://acme.dev/device",
                "",
                "  and enter this code:  WDJB-MJHT",
                "",
                "  Only continue if you started this yourself. The code expires in 10 minutes.",
            ]
        );
    }

    #[test]
    fn keys_choose_another_sign_in_method() {
        assert_eq!(
            [b'd', b'P', b'\n', b'x'].map(wait_action),
            [Some(WaitAction::DeviceCode), Some(WaitAction::Paste), Some(WaitAction::Browser), None]
        );
    }
}
