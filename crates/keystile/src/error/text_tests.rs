use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::error::{Error, Exit};
use crate::profile::ProfileName;
use crate::redact::Redactor;
use crate::source::{ProfileSelection, StoredProfile};
use crate::testing::{app, brand};

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, brand(), Redactor::default())
}

fn text(kind: ErrorKind) -> String {
    error(kind).to_string()
}

fn profile() -> CredentialSource {
    CredentialSource::Profile(Box::new(StoredProfile {
        name: ProfileName::default(),
        path: "/c.json".into(),
        selected_by: ProfileSelection::Default,
    }))
}

fn missing_scope(remedy: ScopeRemedy) -> ErrorKind {
    ErrorKind::InsufficientScope(Box::new(MissingScope {
        source: CredentialSource::Variable("ACME_API_KEY".into()),
        remedy,
        required: vec!["memories:write".into()],
        granted: vec!["memories:read".into()],
        keys_url: None,
        request_id: Some("req_8h2".into()),
    }))
}

#[test]
fn not_authenticated() {
    assert_eq!(
        text(ErrorKind::NotAuthenticated),
        "Not authenticated\n  \
         Run `acme auth login` and paste your API key, or sign in with your browser. (See `acme auth login --help`.)\n  \
         In scripts and CI, set ACME_API_KEY."
    );
}

#[test]
fn a_tool_without_keys_advises_none() {
    let app = crate::App::builder("tide").issuer("https://auth.example.com").build().unwrap();
    let source = CredentialSource::Variable("TIDE_API_KEY".into());
    assert_eq!(
        app.error(ErrorKind::NotAuthenticated).to_string(),
        "Not authenticated\n  Run `tide auth login` to sign in with your browser."
    );
    assert_eq!(
        app.error(ErrorKind::InvalidKeyFormat { source, problem: KeyProblem::UnknownPrefix }).to_string(),
        "tide takes no API keys\n  The key (from TIDE_API_KEY) was sent nowhere. Sign in with your browser instead."
    );
}

#[test]
fn a_login_without_a_terminal_names_the_method_that_needs_none() {
    let text = text(ErrorKind::NotInteractive);
    assert!(text.starts_with("Not authenticated\n  Run `acme auth login` and"), "{text}");
    assert!(text.ends_with("`acme auth login --device` prints a code and needs no terminal."), "{text}");
}

#[test]
fn a_malformed_key() {
    let kind = ErrorKind::InvalidKeyFormat {
        source: CredentialSource::Variable("ACME_API_KEY".into()),
        problem: KeyProblem::Bearer,
    };
    assert_eq!(
        text(kind),
        "That doesn't look like an acme key\n  \
         Expected a token starting with acme_live_ or acme_test_, at least 24 characters (from ACME_API_KEY).\n  \
         The value starts with \"Bearer \". Paste only the token, without quotes."
    );
}

#[test]
fn a_missing_scope() {
    assert_eq!(
        text(missing_scope(ScopeRemedy::SignIn)),
        "Insufficient permissions\n  \
         Your sign-in does not have the required scope for this operation.\n  \
         Needs memories:write, has memories:read. Run `acme auth refresh --scopes memories:write`."
    );
    assert!(
        text(missing_scope(ScopeRemedy::Key))
            .ends_with("Use a key that has it; the key from ACME_API_KEY does not.")
    );
}

#[test]
fn a_rate_limit() {
    let kind = ErrorKind::RateLimited {
        message: Some("Rate limited: conversations (25/hr)".into()),
        retry_after: Some(Duration::from_secs(12)),
        request_id: None,
    };
    assert_eq!(
        text(kind),
        "Rate limited: conversations (25/hr)\n  Retry in 12s. Slow down and retry shortly."
    );
}

#[test]
fn a_server_error() {
    let app = app().status_page("status.acme.dev").build().unwrap();
    let kind = ErrorKind::ServerError { status: 502, request_id: Some("req_8h2".into()) };
    assert_eq!(
        app.error(kind).to_string(),
        "Server error (502)\n  \
         The acme API returned an error. Try again, then check status.acme.dev. (request req_8h2)"
    );
}

#[test]
fn an_unreachable_server() {
    let kind = ErrorKind::Unreachable {
        host: "api.acme.dev".into(),
        cause: "connection refused".into(),
        proxy: Some("HTTPS_PROXY=http://proxy:3128".into()),
    };
    let text = text(kind);
    let (cause, advice) = text.split_at(text.find(" Run `").unwrap_or(text.len()));
    assert_eq!(
        cause,
        "Cannot reach api.acme.dev\n  connection refused. Checked HTTPS_PROXY=http://proxy:3128."
    );
    // A tool without the commands has no doctor.
    assert_eq!(advice, if cfg!(feature = "cli") { " Run `acme auth doctor`." } else { "" });
}

#[test]
fn a_failed_login() {
    assert_eq!(
        text(ErrorKind::LoginTimedOut { after: Duration::from_secs(300) }),
        "OAuth flow timed out\n  \
         No callback received within 5 minutes. Try again, or use `acme auth login --device` or `--api-key` instead."
    );
    assert_eq!(
        text(ErrorKind::StateMismatch),
        "OAuth state mismatch\n  \
         The browser callback did not match the original session token. Possible CSRF — aborting."
    );
    assert_eq!(
        text(ErrorKind::AccessDenied),
        "Sign-in was denied\n  \
         You chose Deny on the approval page, or could not approve there. Nothing was stored."
    );
}

#[test]
fn personal_tokens_are_off() {
    let kind = ErrorKind::TokensDisabled {
        organization: Some("Analytical".into()),
        settings_url: Some("https://acme.dev/o/analytical/settings/api-access".into()),
        request_id: None,
    };
    assert_eq!(
        text(kind),
        "Personal access tokens are not enabled for Analytical (403)\n  \
         An organization admin can turn them on at Settings > API access > Personal tokens:\n  \
         https://acme.dev/o/analytical/settings/api-access"
    );
}

#[test]
fn an_ended_session() {
    assert!(text(ErrorKind::RefreshFailed).starts_with(
        "Session refresh failed (401)\n  Re-run `acme auth login --browser` to get fresh credentials."
    ));
}

#[test]
fn a_damaged_credentials_file() {
    let kind = ErrorKind::CredentialsDamaged {
        path: PathBuf::from("/home/ada/.acme/credentials.json"),
        line: 7,
        column: 3,
        kept_as: "credentials.json.corrupt-20261123".into(),
    };
    assert_eq!(
        text(kind),
        "/home/ada/.acme/credentials.json is not valid JSON (line 7, column 3)\n  \
         Fix it, or run `acme auth login`: the damaged file is kept as credentials.json.corrupt-20261123."
    );
}

#[test]
fn a_rejected_credential_names_its_source() {
    let rejected = |source| text(ErrorKind::Rejected { source, code: None, request_id: None });
    assert!(rejected(CredentialSource::Flag).contains("from --api-key"));
    assert!(rejected(profile()).contains("of profile default (/c.json)"));
}

#[test]
fn the_json_has_the_type_and_code_of_the_server() {
    let error = error(missing_scope(ScopeRemedy::Key)).to_json();
    let error = &error["error"];
    assert_eq!(error["type"], "permission_error");
    assert_eq!(error["code"], "insufficient_scope");
    assert_eq!(error["message"], "Insufficient permissions");
    assert_eq!(error["detail"], "Your API key does not have the required scope for this operation.");
    assert_eq!(error["required_scopes"][0], "memories:write");
    assert_eq!(error["granted_scopes"][0], "memories:read");
    assert_eq!(error["request_id"], "req_8h2");
    assert_eq!(error["exit_code"], 2);
}

#[test]
fn the_exit_codes_are_the_contract() {
    let exit = |kind| error(kind).exit_code();
    assert_eq!(exit(ErrorKind::Usage { message: "x".into(), hint: None }), Exit::Usage);
    assert_eq!(exit(ErrorKind::NotAuthenticated), Exit::Auth);
    assert_eq!(exit(ErrorKind::ServerError { status: 500, request_id: None }), Exit::Server);
    assert_eq!(
        exit(ErrorKind::RateLimited { message: None, retry_after: None, request_id: None }),
        Exit::RateLimited
    );
    assert_eq!(exit(ErrorKind::NotFound { message: "x".into(), request_id: None }), Exit::NotFound);
    assert_eq!(exit(ErrorKind::Interrupted) as u8, 130);
    assert_eq!(exit(ErrorKind::ClosedPipe) as u8, 141);
}
