//! Target of a sign-in: the parameter `request` of the sign-in pages.

use crate::domain::id::IdKind;
use crate::domain::user_code::UserCode;
use crate::pages::shared::request::PageRequest;
use crate::store::{StoreError, authorization_requests, clients, device_requests};

/// Target of a sign-in, from a closed list.
pub(in crate::pages) enum SignInTarget {
    /// Authorization request with this id.
    Authorization(String),
    /// Device authorization request with this id.
    Device(String),
    /// Entry of a device code, with the code if known.
    DeviceCode(Option<UserCode>),
    /// The list of API keys.
    ApiKeys,
    PersonalTokens,
    /// The invitations of the user.
    Invitations,
    /// The form for a new organization.
    NewOrganization,
}

const API_KEYS: &str = "keys";
const PERSONAL_TOKENS: &str = "tokens";
const INVITATIONS: &str = "invitations";
const NEW_ORGANIZATION: &str = "organization";
const DEVICE_CODE: &str = "device";

/// Details of the target for the sign-in page.
#[derive(Default)]
pub(in crate::pages) struct TargetDetails {
    /// Name of the tool; `None` if this browser has no such request.
    pub tool: Option<String>,
    /// `login_hint` of the request.
    pub hint: Option<String>,
}

impl SignInTarget {
    /// Parses the parameter; `None` if it is not a valid id.
    pub(in crate::pages) fn parse(text: &str) -> Option<Self> {
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        Some(match text.strip_prefix(DEVICE_CODE) {
            None if text == API_KEYS => Self::ApiKeys,
            None if text == PERSONAL_TOKENS => Self::PersonalTokens,
            None if text == INVITATIONS => Self::Invitations,
            None if text == NEW_ORGANIZATION => Self::NewOrganization,
            Some(code) => Self::DeviceCode(UserCode::parse(code)),
            None if text.starts_with(IdKind::DeviceRequest.prefix()) => Self::Device(text.to_owned()),
            None => Self::Authorization(text.to_owned()),
        })
    }

    pub(in crate::pages) fn field(&self) -> String {
        match self {
            Self::Authorization(id) | Self::Device(id) => id.clone(),
            Self::ApiKeys => API_KEYS.to_owned(),
            Self::PersonalTokens => PERSONAL_TOKENS.to_owned(),
            Self::Invitations => INVITATIONS.to_owned(),
            Self::NewOrganization => NEW_ORGANIZATION.to_owned(),
            Self::DeviceCode(None) => DEVICE_CODE.to_owned(),
            Self::DeviceCode(Some(code)) => format!("{DEVICE_CODE}_{}", code.letters()),
        }
    }

    /// Path of the target.
    pub(in crate::pages) fn path(&self) -> String {
        match self {
            Self::Authorization(id) => format!("/authorize/{id}"),
            Self::Device(id) => format!("/device/{id}"),
            Self::ApiKeys => "/keys".to_owned(),
            Self::PersonalTokens => "/tokens".to_owned(),
            Self::Invitations => "/invitations".to_owned(),
            Self::NewOrganization => "/organizations/new".to_owned(),
            Self::DeviceCode(None) => "/device".to_owned(),
            Self::DeviceCode(Some(code)) => format!("/device?user_code={}", code.formatted()),
        }
    }

    /// Looks up the request in this browser.
    pub(in crate::pages) async fn look_up(&self, req: &PageRequest) -> Result<TargetDetails, StoreError> {
        let browser = Some(req.browser.digest());
        match self {
            Self::ApiKeys => Ok(TargetDetails { tool: Some("your API keys".to_owned()), hint: None }),
            Self::PersonalTokens => {
                Ok(TargetDetails { tool: Some("your personal tokens".to_owned()), hint: None })
            }
            Self::Invitations => Ok(TargetDetails { tool: Some("your invitations".to_owned()), hint: None }),
            Self::NewOrganization => {
                Ok(TargetDetails { tool: Some("a new organization".to_owned()), hint: None })
            }
            Self::DeviceCode(_) => Ok(TargetDetails { tool: Some("your device".to_owned()), hint: None }),
            Self::Device(id) => {
                let id = id.clone();
                let found = req.app.store.read(move |conn| {
                    let found = device_requests::find(conn, &id)?;
                    let Some(request) = found.filter(|request| request.browser_hash == browser) else {
                        return Ok(TargetDetails::default());
                    };
                    let client = clients::find(conn, &request.client_id)?;
                    Ok(TargetDetails { tool: client.map(|client| client.name), hint: None })
                });
                found.await
            }
            Self::Authorization(id) => {
                let id = id.clone();
                let found = req.app.store.read(move |conn| {
                    let found = authorization_requests::find(conn, &id)?;
                    let Some(request) = found.filter(|request| request.browser_hash == browser) else {
                        return Ok(TargetDetails::default());
                    };
                    let client = clients::find(conn, &request.client_id)?;
                    Ok(TargetDetails { tool: client.map(|client| client.name), hint: request.login_hint })
                });
                found.await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ui_04_a_sign_in_leads_to_pages_of_its_own_only() {
        let path = |text: &str| SignInTarget::parse(text).map(|waiting| waiting.path());
        assert_eq!(path("txn_abc").as_deref(), Some("/authorize/txn_abc"));
        assert_eq!(path("dev_abc").as_deref(), Some("/device/dev_abc"));
        assert_eq!(path("keys").as_deref(), Some("/keys"));
        assert_eq!(path("tokens").as_deref(), Some("/tokens"));
        assert_eq!(path("invitations").as_deref(), Some("/invitations"));
        assert_eq!(path("organization").as_deref(), Some("/organizations/new"));
        assert_eq!(path("device").as_deref(), Some("/device"));
        assert_eq!(path("device_WDJBMJHT").as_deref(), Some("/device?user_code=WDJB-MJHT"));
        assert_eq!(path("device_nothing").as_deref(), Some("/device"));
        for bad in ["//evil.com", "https://evil.com", "a/b", "a?b", "a\\b", "é"] {
            assert_eq!(path(bad), None, "{bad}");
        }
        for text in ["txn_abc", "dev_abc", "keys", "tokens", "invitations", "device", "device_WDJBMJHT"] {
            assert_eq!(SignInTarget::parse(text).map(|waiting| waiting.field()).as_deref(), Some(text));
        }
    }
}
