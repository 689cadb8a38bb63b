//! Text of audit events.

use serde_json::Value;

use crate::domain::audit::export::Names;
use crate::domain::audit::hashing::ChainEvent;
use crate::domain::audit::values;
use crate::domain::audit::{Action, Outcome, RecordedEvent};
use crate::pages::shared::words::Sentence;

/// In place of a value that was erased.
pub const ERASED: &str = "erased";

/// Label of the filter option.
pub fn label(action: Action) -> &'static str {
    match action {
        Action::ApiKeyCreated => "API key created",
        Action::ApiKeyLeaked => "API key leaked",
        Action::ApiKeyMoved => "API key moved",
        Action::ApiKeyRevoked => "API key revoked",
        Action::ApiKeyRotated => "API key rotated",
        Action::ApiKeyScopesChanged => "Permissions of an API key changed",
        Action::ApiKeysOff => "API keys turned off",
        Action::ApiKeysOn => "API keys turned on",
        Action::AuditExported => "Audit log exported",
        Action::AuditRebased => "Personal values moved out of events",
        Action::AuthorizationApproved => "Tool allowed",
        Action::AuthorizationDenied => "Tool not allowed",
        Action::AuthorizationNotPossible => "Tool could not be allowed",
        Action::AuthorizationSwitchedOff => "Tool stopped by a setting",
        Action::BrowsersSignedOut => "Browsers signed out",
        Action::ClientCreated => "OAuth client registered",
        Action::ClientOldSecretEnded => "Old client secret ended",
        Action::ClientRemoved => "OAuth client removed",
        Action::ClientSecretRotated => "Client secret rotated",
        Action::ClientUpdated => "OAuth client changed",
        Action::CopyCodeOff => "Copied codes turned off",
        Action::CopyCodeOn => "Copied codes turned on",
        Action::CredentialLimitsChanged => "Limits on keys and tokens changed",
        Action::DeviceCodesGuessed => "Device codes guessed",
        Action::DeviceFlowChanged => "Device codes changed",
        Action::DevicesForgotten => "Known devices forgotten",
        Action::InvitationAccepted => "Invitation accepted",
        Action::InvitationCanceled => "Invitation canceled",
        Action::InvitationCreated => "Member invited",
        Action::InvitationRenewed => "New link for an invitation",
        Action::JoinLinkCreated => "Join link created",
        Action::JoinLinkEnded => "Join link ended",
        Action::JoinLinksOff => "Join links turned off",
        Action::JoinLinksOn => "Join links turned on",
        Action::JoinLinkUsed => "Joined with a join link",
        Action::SigningKeyRevoked => "Signing key revoked",
        Action::SigningKeyRotated => "Signing key rotated",
        Action::MemberAdded => "Member added",
        Action::MemberLeft => "Member left",
        Action::MemberRemoved => "Member removed",
        Action::MemberRoleChanged => "Role of a member changed",
        Action::OrganizationCreated => "Organization created",
        Action::OrganizationDeleted => "Organization deleted",
        Action::OrganizationDisabled => "Organization disabled",
        Action::OrganizationLogRemoved => "Audit log of an organization removed",
        Action::OrganizationPurged => "Organization purged",
        Action::OrganizationRenamed => "Organization renamed",
        Action::OrganizationRestored => "Organization restored",
        Action::OtherBrowsersSignedOut => "Other browsers signed out",
        Action::PasswordChanged => "Password changed",
        Action::PasswordReset => "Password set with a reset link",
        Action::PersonalTokenCreated => "Personal token created",
        Action::PersonalTokenLeaked => "Personal token leaked",
        Action::PersonalTokenRevoked => "Personal token revoked",
        Action::PersonalTokensOff => "Personal tokens turned off",
        Action::PersonalTokensOn => "Personal tokens turned on",
        Action::RecoveryClosed => "Recovery closed",
        Action::RecoveryOpened => "Recovery opened",
        Action::ResetLinkCreated => "Reset link created",
        Action::ServiceAccountCreated => "Service account created",
        Action::ServiceAccountDisabled => "Service account disabled",
        Action::ServiceAccountEnabled => "Service account enabled",
        Action::ServiceAccountRoleChanged => "Role of a service account changed",
        Action::SessionAhead => "Refresh token ahead of the database",
        Action::SessionCodeReuse => "Authorization code used twice",
        Action::SessionForeignClient => "Session of another client",
        Action::SessionLeaked => "Token of a session leaked",
        Action::SessionRefreshReuse => "Old refresh token used again",
        Action::SessionRenamed => "Session renamed",
        Action::SessionRevoked => "Session ended",
        Action::SessionStarted => "Session started",
        Action::SignedIn => "Signed in",
        Action::SignedOut => "Signed out",
        Action::SignInFailed => "Sign-in failed",
        Action::UserCreated => "User created",
        Action::UserDisabled => "User disabled",
        Action::UserEnabled => "User enabled",
        Action::UserErased => "User erased",
    }
}

/// The event in one sentence.
#[expect(clippy::too_many_lines, reason = "one table of words, an entry an action")]
pub fn sentence(event: &ChainEvent, names: &Names) -> Sentence {
    let told = NamedEvent { event, names };
    let who = told.actor();
    let Some(action) = Action::parse(&event.action) else {
        return who.text(": ").code(event.action.clone());
    };
    match action {
        Action::ApiKeyCreated => told.target(who.text(" created the API key ")),
        Action::ApiKeyLeaked => told.leaked(" reported a leak of the API key "),
        Action::ApiKeyMoved => told.target(who.text(" moved the API key ")).text(" to a service account"),
        Action::ApiKeyRevoked => told.target(who.text(" revoked the API key ")),
        Action::ApiKeyRotated => told.target(who.text(" rotated the API key ")),
        Action::ApiKeyScopesChanged => told.target(who.text(" changed the permissions of the API key ")),
        Action::ApiKeysOff => who.text(" turned API keys off"),
        Action::ApiKeysOn => who.text(" turned API keys on"),
        Action::AuditExported => who.text(" exported the audit log"),
        Action::AuditRebased => {
            Sentence::from("The server moved personal values out of older events, so that they can be erased")
        }
        Action::AuthorizationApproved => told.target(who.text(" allowed ")).text(" to act for them"),
        Action::AuthorizationDenied => told.target(who.text(" did not allow ")).text(" to act for them"),
        Action::AuthorizationNotPossible => told
            .target(who.text(" could not allow "))
            .text(" to act for them: their role, or the lack of an organization, forbids it"),
        Action::AuthorizationSwitchedOff => {
            told.target(who.text(" could not allow ")).text(" to act for them: a setting forbids it")
        }
        Action::BrowsersSignedOut => told.target(who.text(" signed out every browser of ")),
        Action::ClientCreated => told.target(who.text(" registered the OAuth client ")),
        Action::ClientOldSecretEnded => told.target(who.text(" ended the old secret of the OAuth client ")),
        Action::ClientRemoved => told.target(who.text(" removed the OAuth client ")),
        Action::ClientSecretRotated => told.target(who.text(" rotated the secret of the OAuth client ")),
        Action::ClientUpdated => told.target(who.text(" changed the OAuth client ")),
        Action::CopyCodeOff => who.text(" turned copied codes off"),
        Action::CopyCodeOn => who.text(" turned copied codes on"),
        Action::CredentialLimitsChanged => who.text(" changed the limits on API keys and personal tokens"),
        Action::DeviceCodesGuessed => who.text(" entered too many wrong device codes"),
        Action::DeviceFlowChanged => who.text(" changed where device codes may be entered"),
        Action::DevicesForgotten => told.target(who.text(" made the server forget the known devices of ")),
        Action::InvitationAccepted => told.with_role(who.text(" accepted an invitation and joined")),
        Action::InvitationCanceled => told.target(who.text(" canceled the invitation of ")),
        Action::InvitationCreated => told.with_role(told.target(who.text(" invited "))),
        Action::InvitationRenewed => told.target(who.text(" made a new link for the invitation of ")),
        Action::JoinLinkCreated => told.with_role(who.text(" created a join link")),
        Action::JoinLinkEnded => who.text(" ended a join link"),
        Action::JoinLinksOff => who.text(" turned join links off"),
        Action::JoinLinksOn => who.text(" turned join links on"),
        Action::JoinLinkUsed => told.with_role(who.text(" joined with a join link")),
        Action::SigningKeyRevoked => told.target(who.text(" revoked the signing key ")),
        Action::SigningKeyRotated => who.text(" put a new signing key to use"),
        Action::MemberAdded => {
            let added = told.target(who.text(" added ")).text(" as ");
            added.name(told.detail("role").unwrap_or_else(|| "a member".to_owned()))
        }
        Action::MemberLeft => who.text(" left the organization"),
        Action::MemberRemoved => told.target(who.text(" removed ")).text(" from the organization"),
        Action::MemberRoleChanged => told.role_change(told.target(who.text(" changed the role of "))),
        Action::OrganizationCreated => told.target(who.text(" created ")),
        Action::OrganizationDeleted => told.target(who.text(" deleted ")),
        Action::OrganizationDisabled => told.target(who.text(" disabled ")),
        Action::OrganizationLogRemoved => told.target(who.text(" removed the audit log of ")),
        Action::OrganizationPurged => told.target(who.text(" purged ")),
        Action::OrganizationRenamed => told.renamed(who.text(" renamed the organization")),
        Action::OrganizationRestored => told.target(who.text(" restored ")),
        Action::OtherBrowsersSignedOut => who.text(" signed out other browsers of theirs"),
        Action::PasswordChanged => who.text(" changed their password"),
        Action::PasswordReset => who.text(" set a new password with a reset link"),
        Action::PersonalTokenCreated => told.target(who.text(" created the personal token ")),
        Action::PersonalTokenLeaked => told.leaked(" reported a leak of the personal token "),
        Action::PersonalTokenRevoked => told.target(who.text(" revoked the personal token ")),
        Action::PersonalTokensOff => who.text(" turned personal tokens off"),
        Action::PersonalTokensOn => who.text(" turned personal tokens on"),
        Action::RecoveryClosed => who.text(" closed the recovery after a restore"),
        Action::RecoveryOpened => who.text(" opened a recovery after a restore"),
        Action::ResetLinkCreated => told.target(who.text(" created a reset link for ")),
        Action::ServiceAccountCreated => {
            let made = told.target(who.text(" created the service account ")).text(" as ");
            made.name(told.detail("role").unwrap_or_else(|| "a member".to_owned()))
        }
        Action::ServiceAccountDisabled => told.target(who.text(" disabled the service account ")),
        Action::ServiceAccountEnabled => told.target(who.text(" enabled the service account ")),
        Action::ServiceAccountRoleChanged => {
            told.role_change(told.target(who.text(" changed the role of the service account ")))
        }
        Action::SessionAhead => {
            let who = told
                .credential(who.text(" presented a refresh token newer than the database for the session "));
            if event.outcome == Outcome::Refused.as_str() {
                who.text(", which was ended")
            } else {
                who.text(", which moved forward")
            }
        }
        Action::SessionCodeReuse => {
            let who = who.text(" presented an authorization code twice, so the session ");
            told.credential(who).text(" was ended")
        }
        Action::SessionForeignClient => {
            told.credential(who.text(" presented the refresh token of another client’s session, "))
        }
        Action::SessionLeaked => told.leaked(" reported a leaked token of the session "),
        Action::SessionRefreshReuse => {
            let who = who.text(" presented an old refresh token, so the session ");
            told.credential(who).text(" was ended")
        }
        Action::SessionRenamed => match (told.detail("before"), told.detail("after")) {
            (Some(before), Some(after)) => {
                who.text(" renamed the session ").name(before).text(" to ").name(after)
            }
            _ => told.credential(who.text(" renamed the session ")),
        },
        Action::SessionRevoked => told.owner(told.credential(who.text(" ended the session "))),
        Action::SessionStarted => {
            let who = told.target(who.text(" signed in "));
            match told.detail("device") {
                Some(device) => who.text(" on ").name(device),
                None => who,
            }
        }
        Action::SignedIn => who.text(" signed in"),
        Action::SignedOut => who.text(" signed out"),
        Action::SignInFailed => who.text(" failed to sign in"),
        Action::UserCreated => told.target(who.text(" created the user ")),
        Action::UserDisabled => told.target(who.text(" disabled the user ")),
        Action::UserEnabled => told.target(who.text(" enabled the user ")),
        Action::UserErased => told.target(who.text(" erased the user ")),
    }
}

/// An event with names by id.
struct NamedEvent<'a> {
    event: &'a ChainEvent,
    names: &'a Names,
}

impl NamedEvent<'_> {
    fn actor(&self) -> Sentence {
        match (self.event.actor_kind.as_str(), &self.event.actor_id) {
            ("operator", _) => "The operator of this server".into(),
            (_, Some(id)) => self.named(Sentence::default(), id),
            (_, None) => "Somebody who was not signed in".into(),
        }
    }

    fn named(&self, sentence: Sentence, id: &str) -> Sentence {
        match self.names.get(id) {
            Some(name) => sentence.name(crate::pages::shared::text::name(name)),
            None => sentence.code(id),
        }
    }

    fn target(&self, sentence: Sentence) -> Sentence {
        match &self.event.target {
            Some(id) if !id.is_empty() => self.named(sentence, id),
            Some(_) | None => sentence.text("something unnamed"),
        }
    }

    fn credential(&self, sentence: Sentence) -> Sentence {
        match &self.event.credential_id {
            Some(id) => self.named(sentence, id),
            None => sentence.text("that it was for"),
        }
    }

    fn leaked(&self, words: &'static str) -> Sentence {
        self.credential(self.actor().text(words)).text(", which ended it")
    }

    /// The owner, if it is not the actor.
    fn owner(&self, sentence: Sentence) -> Sentence {
        match &self.event.target {
            Some(id) if !id.is_empty() && self.event.actor_id.as_ref() != Some(id) => {
                self.named(sentence.text(" of "), id)
            }
            Some(_) | None => sentence,
        }
    }

    /// Adds the role before and after a change.
    fn role_change(&self, sentence: Sentence) -> Sentence {
        match (self.detail("before"), self.detail("after")) {
            (Some(before), Some(after)) => sentence.text(" from ").name(before).text(" to ").name(after),
            _ => sentence,
        }
    }

    /// Adds what an organization was called before and is called after a change.
    fn renamed(&self, sentence: Sentence) -> Sentence {
        let part = |sentence: Sentence, words: &'static str, before: &str, after: &str| match (
            self.detail(before),
            self.detail(after),
        ) {
            (Some(before), Some(after)) => sentence.text(words).name(before).text(" to ").name(after),
            _ => sentence,
        };
        let sentence = part(sentence, " from ", "before", "after");
        part(sentence, ", its short name from ", "before_short_name", "after_short_name")
    }

    fn with_role(&self, sentence: Sentence) -> Sentence {
        match self.detail("role") {
            Some(role) => sentence.text(" as ").name(role),
            None => sentence,
        }
    }

    fn detail(&self, name: &str) -> Option<String> {
        let details: Value = serde_json::from_str(&self.event.details).ok()?;
        details.get(name)?.as_str().map(crate::pages::shared::text::name)
    }
}

/// Details of an event, one line each.
pub fn details(RecordedEvent { event, erased }: &RecordedEvent) -> Vec<(String, String)> {
    let details: Value = serde_json::from_str(&event.details).unwrap_or_default();
    let line = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let noted = details.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let words = |name: &str| match name {
        // Unverified claims of a tool.
        "device" | "os" | "tool" => format!("{name}, as reported"),
        _ => name.replace('_', " "),
    };
    let mut lines: Vec<(String, String)> = noted.map(|(name, value)| (words(name), line(value))).collect();
    let erased = erased.iter().filter_map(|field| values::detail_name(field));
    lines.extend(erased.map(|name| (words(name), ERASED.to_owned())));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::hashing::WITH_COMMITMENTS;
    use crate::domain::time::Time;
    use crate::pages::shared::words::Piece;

    fn event(action: &str, actor_kind: &str, details: &str) -> RecordedEvent {
        let event = ChainEvent {
            id: "evt_1".to_owned(),
            chain: "org_1".to_owned(),
            sequence: 1,
            at: Time::from_micros(0).unwrap(),
            actor_kind: actor_kind.to_owned(),
            actor_id: (actor_kind == "user").then(|| "usr_1".to_owned()),
            org_id: Some("org_1".to_owned()),
            credential_id: Some("ses_1".to_owned()),
            action: action.to_owned(),
            target: Some("usr_2".to_owned()),
            outcome: "success".to_owned(),
            ip: None,
            user_agent: None,
            request_id: None,
            details: details.to_owned(),
            version: WITH_COMMITMENTS,
            commitments: None,
        };
        RecordedEvent { event, erased: Vec::new() }
    }

    fn told(recorded: &RecordedEvent) -> String {
        let names = [("usr_1", "Maya"), ("ses_1", "build-07")];
        let names = names.into_iter().map(|(id, name)| (id.to_owned(), name.to_owned())).collect();
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.to_string(),
            Piece::Name(name) => format!("[{name}]"),
            Piece::Code(code) => format!("<{code}>"),
        };
        sentence(&recorded.event, &names).pieces().iter().map(piece).collect()
    }

    #[test]
    fn an_event_reads_as_a_sentence() {
        assert_eq!(
            told(&event("session.revoked", "user", "{}")),
            "[Maya] ended the session [build-07] of <usr_2>"
        );
        let renamed = event("session.renamed", "user", r#"{"before":"a","after":"b"}"#);
        assert_eq!(told(&renamed), "[Maya] renamed the session [a] to [b]");
        let added = event("member.added", "operator", r#"{"role":"admin"}"#);
        assert_eq!(told(&added), "The operator of this server added <usr_2> as [admin]");
        assert_eq!(
            told(&event("user.sign_in_failed", "anonymous", "{}")),
            "Somebody who was not signed in failed to sign in"
        );
        assert_eq!(told(&event("of.a.later.version", "user", "{}")), "[Maya]: <of.a.later.version>");
    }

    #[test]
    fn every_action_has_words_of_its_own() {
        let mut labels: Vec<&str> = Action::ALL.iter().map(|action| label(*action)).collect();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), Action::ALL.len());
        for action in Action::ALL {
            assert!(!told(&event(action.as_str(), "user", "{}")).contains(action.as_str()), "{action:?}");
        }
    }

    #[test]
    fn details_are_told_by_name() {
        let told = details(&event("x", "user", r#"{"asked_from":"::1","device":null,"sessions":3}"#));
        let expected = [("asked from", "::1"), ("sessions", "3")];
        assert_eq!(told, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
