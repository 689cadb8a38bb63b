//! Links with which users join an organization without an invitation.

use super::role::{MEMBER, VIEWER};

/// Roles that a link may give.
pub const ROLES: [&str; 2] = [MEMBER, VIEWER];
/// Days that a link may work.
pub const MAX_DAYS: i64 = 30;
/// People who may join with one link.
pub const MAX_USES: i64 = 100;
/// Open links of one organization.
pub const MAX_OPEN: i64 = 10;
/// Domains of one link.
pub const MAX_DOMAINS: usize = 10;

/// Parses a list of domains, separated by spaces, commas or line breaks, into what is stored: lowercase, separated by one
/// space. `None` if one of them is no domain, or there are too many.
pub fn domains(text: &str) -> Option<String> {
    let separated = text.split([' ', ',', '\n', '\r', '\t']).filter(|domain| !domain.is_empty());
    let domains: Vec<String> =
        separated.map(|domain| domain.strip_prefix('@').unwrap_or(domain).to_ascii_lowercase()).collect();
    (domains.len() <= MAX_DOMAINS && domains.iter().all(|domain| is_domain(domain)))
        .then(|| domains.join(" "))
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        !label.is_empty() && plain && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

/// Whether an address, in canonical form, is of one of the stored domains. A subdomain is another domain.
pub fn allows(domains: &str, address: &str) -> bool {
    let domain = address.rsplit_once('@').map(|(_, domain)| domain);
    domains.is_empty() || domain.is_some_and(|domain| domains.split(' ').any(|allowed| allowed == domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_compared_whole() {
        let stored = domains("Example.com, @acme.example\nlabs.example").unwrap();
        assert_eq!(stored, "example.com acme.example labs.example");
        for good in ["ada@example.com", "ben@acme.example"] {
            assert!(allows(&stored, good), "{good}");
        }
        for bad in [
            "ada@evil-example.com",
            "ada@mail.example.com",
            "ada@example.com.evil",
            "example.com",
            "",
            "ada@com",
        ] {
            assert!(!allows(&stored, bad), "{bad}");
        }
        assert!(allows(&domains(" ").unwrap(), "anybody@anywhere.example"));
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for bad in ["com", "a b@c", "ex_ample.com", "-a.com", "a..com", "ada@example.com", "exämple.com"] {
            assert_eq!(domains(bad), None, "{bad}");
        }
        assert_eq!(domains(&"a.example ".repeat(MAX_DOMAINS + 1)), None);
    }
}
