//! The steps that all sign-in methods share: the request and the storage of the tokens.

use std::time::Duration;

use oauth2::{AuthorizationCode, PkceCodeVerifier, RedirectUrl, TokenResponse as _};
use subtle::ConstantTimeEq;

use super::callback::Callback;
use super::device_info::device_info;
use super::{CompletedLogin, LoginOptions, store};
use crate::base_url::BaseUrl;
use crate::context::Context;
use crate::credentials::{Credential, CredentialState, OauthCredential, SignedInBy};
use crate::error::ErrorKind;
use crate::oauth::{
    self, AuthorizationRequest, DeviceCode, DeviceCodeRequest, Link, Metadata, OauthError, PkceSession,
    PushedRequest, TokenError, TokenSet,
};
use crate::scopes::Catalog;
use crate::secret::Secret;
use crate::session::whoami_of;

/// One login.
pub(super) struct Attempt<'a> {
    pub(super) context: &'a Context,
    pub(super) options: &'a LoginOptions,
    pub(super) issuer: &'a BaseUrl,
    pub(super) metadata: Metadata,
    scopes: Vec<String>,
    /// The API base to bind the session to.
    api_base: BaseUrl,
    /// The current credential of the profile.
    stored: Option<&'a Credential>,
}

/// Reduces the scopes to those that only read. Named scopes are looked up in the whole catalog: in that of the client, a
/// scope that it may not request would be missing and count as a protocol scope. An empty result is an error, because no
/// scopes means the default of the server.
async fn only_reading(
    context: &Context,
    issuer: &BaseUrl,
    metadata: &Metadata,
    asked: &[String],
) -> Result<Vec<String>, ErrorKind> {
    let catalog = if asked.is_empty() {
        Catalog::of_tool(context, issuer, metadata).await?
    } else {
        Catalog::of(context, issuer, metadata).await?
    };
    let scopes = catalog.only_reading(asked);
    if scopes.is_empty() {
        return Err(ErrorKind::Usage {
            message: "None of the requested scopes is read-only".into(),
            hint: Some("Sign in without --read-only.".into()),
        });
    }
    Ok(scopes)
}

/// The scopes of the session that a login without scopes replaces. The default of the server may be fewer.
fn scopes_to_keep<'a>(stored: Option<&'a Credential>, issuer: &BaseUrl) -> Option<&'a Vec<String>> {
    let session = stored.and_then(Credential::as_oauth)?;
    (session.state == CredentialState::Ok && &session.issuer == issuer).then_some(&session.scopes)
}

impl<'a> Attempt<'a> {
    pub(super) async fn begin(
        context: &'a Context,
        options: &'a LoginOptions,
        issuer: &'a BaseUrl,
        stored: Option<&'a Credential>,
    ) -> Result<Self, ErrorKind> {
        let metadata = context.metadata(issuer).await?;
        if let Some(provider) = &options.provider
            && !metadata.cli_configuration.providers.contains(provider)
        {
            let known = metadata.cli_configuration.providers.join(", ");
            return Err(ErrorKind::Usage {
                message: format!("{} does not offer sign-in with {provider}", issuer.host()),
                hint: (!known.is_empty()).then(|| format!("It offers: {known}.")),
            });
        }
        let asked = if options.scopes.is_empty() { &context.app.scopes } else { &options.scopes };
        let kept = if asked.is_empty() && !options.read_only && !options.force {
            scopes_to_keep(stored, issuer)
        } else {
            None
        };
        let asked = kept.unwrap_or(asked);
        let scopes = if options.read_only {
            only_reading(context, issuer, &metadata, asked).await?
        } else {
            asked.clone()
        };
        // Determined now, so that an invalid variable ends the login before there are tokens.
        let api_base = context
            .wanted_api_base()?
            .or_else(|| context.app.api_base.clone())
            .or_else(|| metadata.cli_configuration.api_base.clone())
            .unwrap_or_else(|| issuer.clone());
        Ok(Self { context, options, issuer, metadata, scopes, api_base, stored })
    }

    /// The scopes to request.
    pub(super) fn scopes(&self) -> &[String] {
        &self.scopes
    }

    fn hints(&self) -> Vec<(&'static str, String)> {
        let org = self.context.wanted_org().map(|org| ("org", org));
        let login_hint = self.options.login_hint.clone().map(|hint| ("login_hint", hint));
        let provider = self.options.provider.clone().map(|provider| ("provider", provider));
        org.into_iter().chain(login_hint).chain(provider).collect()
    }

    fn device_info(&self) -> oauth::DeviceInfo {
        let context = self.context;
        device_info(context.brand(), &context.environment, self.options.device_name.as_deref())
    }

    /// Creates the link to the approval page.
    pub(super) async fn link(
        &self,
        redirect: &RedirectUrl,
        pkce: &PkceSession,
    ) -> Result<(Link, Option<PushedRequest>), ErrorKind> {
        let mut hints = self.hints();
        // The first login lets the user choose the account.
        if self.stored.is_none() {
            hints.push(("prompt", "select_account".into()));
        }
        let asked = AuthorizationRequest {
            issuer: self.issuer,
            client_id: &self.context.app.client_id,
            redirect,
            scopes: &self.scopes,
            hints: &hints,
            device: &self.device_info(),
        };
        oauth::request_link(&self.context.transport, &self.metadata, &asked, pkce).await
    }

    /// Requests a device code; `None` if the server issues none.
    pub(super) async fn device_code(&self) -> Result<Option<DeviceCode>, ErrorKind> {
        let Some(endpoint) = self.metadata.device_endpoint() else { return Ok(None) };
        let asked = DeviceCodeRequest {
            issuer: self.issuer,
            client_id: &self.context.app.client_id,
            scopes: &self.scopes,
            hints: &self.hints(),
            device: &self.device_info(),
        };
        match oauth::request_code(&self.context.transport, endpoint, &asked).await {
            Ok(code) => Ok(Some(code)),
            // Device codes are disabled for this client.
            Err(ErrorKind::LoginRefused { code, .. }) if code == "unauthorized_client" => Ok(None),
            Err(kind) => Err(kind),
        }
    }

    /// The authorization code of a callback, which must have `state`, and `iss` if the server announces it (RFC 9207).
    pub(super) fn code_of(
        &self,
        answer: &Callback,
        pkce: &PkceSession,
    ) -> Result<AuthorizationCode, ErrorKind> {
        self.learn(answer, pkce);
        if answer.state.is_none() {
            return Err(ErrorKind::StateMismatch);
        }
        if answer.iss.is_none() && self.metadata.authorization_response_iss_parameter_supported {
            return Err(ErrorKind::IssuerMismatch { issuer: None });
        }
        self.code_of_pasted(answer, pkce)
    }

    /// The authorization code of a pasted response, which may lack `state` and `iss`. `state` is checked first, then
    /// `iss`, then `error`.
    pub(super) fn code_of_pasted(
        &self,
        answer: &Callback,
        pkce: &PkceSession,
    ) -> Result<AuthorizationCode, ErrorKind> {
        self.learn(answer, pkce);
        let is_ours = |state: &String| state.as_bytes().ct_eq(pkce.state.secret().as_bytes());
        if !answer.state.as_ref().is_none_or(|state| bool::from(is_ours(state))) {
            return Err(ErrorKind::StateMismatch);
        }
        if answer.iss.as_ref().is_some_and(|iss| iss.trim_end_matches('/') != self.issuer.as_str()) {
            return Err(ErrorKind::IssuerMismatch { issuer: answer.iss.clone() });
        }
        if let Some(error) = &answer.error {
            return Err(oauth::refused(OauthError {
                code: error.clone(),
                description: answer.error_description.clone(),
                error_code: answer.error_code.clone(),
                organization: answer.organization.clone(),
                // Shows only URLs of the issuer.
                settings_url: answer
                    .error_uri
                    .as_deref()
                    .and_then(|uri| self.issuer.join(uri))
                    .map(String::from),
            }));
        }
        answer.code.clone().map(AuthorizationCode::new).ok_or_else(|| ErrorKind::InvalidResponse {
            host: self.issuer.host(),
            what: "Its callback has neither a code nor an error".into(),
        })
    }

    /// Masks the secrets of a callback from now on, because its error may repeat them. Not earlier: `state` may be in the
    /// link that is printed.
    fn learn(&self, answer: &Callback, pkce: &PkceSession) {
        let secrets = [Some(pkce.state.secret()), answer.state.as_ref(), answer.code.as_ref()];
        secrets.into_iter().flatten().for_each(|secret| self.context.app.redactor.learn(secret));
    }

    /// Exchanges the authorization code for tokens.
    pub(super) async fn exchange(
        &self,
        code: AuthorizationCode,
        redirect: RedirectUrl,
        pkce: &PkceSession,
    ) -> Result<TokenSet, TokenError> {
        let verifier = PkceCodeVerifier::new(pkce.verifier.secret().clone());
        let (transport, client_id) = (&self.context.transport, &self.context.app.client_id);
        oauth::exchange_code(transport, &self.metadata, client_id, redirect, code, verifier).await
    }

    /// Identifies the account and stores the session.
    pub(super) async fn keep(&self, tokens: &TokenSet, by: SignedInBy) -> Result<CompletedLogin, ErrorKind> {
        let context = self.context;
        let whoami =
            match whoami_of(&context.transport, self.issuer, self.issuer, tokens.access_token().secret())
                .await
            {
                Ok(whoami) => Some(whoami),
                // The session is valid, so it is kept.
                Err(kind) => {
                    let error = context.error(kind);
                    context
                        .ui
                        .notice(&format!("Signed in, but the server did not identify the account: {error}"));
                    None
                }
            };
        let session = store::session(
            tokens,
            self.issuer,
            self.api_base.clone(),
            &context.app.client_id,
            by,
            whoami.as_ref(),
            context.now(),
        );
        let account = self.account(&session, oauth::lifetime(tokens), tokens.extra_fields().idle());
        if let Err(kind) = store::keep(context, session.into()).await {
            self.discard(tokens).await;
            return Err(kind);
        }
        store::remember(context, context.named_issuer(self.options.issuer.as_ref())).await;
        Ok(account)
    }

    /// Revokes a session that will not be used.
    pub(super) async fn discard(&self, tokens: &TokenSet) {
        let context = self.context;
        let (Some(endpoint), Some(token)) = (&self.metadata.revocation_endpoint, tokens.refresh_token())
        else {
            return;
        };
        let token = Secret::new(token.secret());
        let ended = oauth::revoke(&context.transport, endpoint, &context.app.client_id, &token).await;
        if let Err(kind) = ended {
            let error = context.error(kind);
            context.ui.notice(&format!("The unused session could not be revoked: {error}"));
        }
    }

    fn account(
        &self,
        session: &OauthCredential,
        access_lifetime: Duration,
        idle_lifetime: Option<Duration>,
    ) -> CompletedLogin {
        CompletedLogin {
            profile: self.context.profile.clone(),
            account: session.account.clone(),
            org: session.org.clone(),
            scopes: session.scopes.clone(),
            stored_in: self.context.store.location(),
            access_lifetime,
            idle_lifetime,
            refreshable: session.refresh_token.is_some(),
        }
    }

    /// Revokes the session that the new one replaces.
    pub(super) async fn end_replaced(&self) {
        end_replaced(self.context, self.stored, self.issuer).await;
    }
}

/// Revokes the previous session of the profile, if it is of the same issuer.
pub(super) async fn end_replaced(context: &Context, stored: Option<&Credential>, issuer: &BaseUrl) {
    let Some(old) = stored.and_then(Credential::as_oauth) else { return };
    let (Some(token), CredentialState::Ok) = (&old.refresh_token, old.state) else { return };
    if &old.issuer != issuer {
        return;
    }
    if let Err(kind) = crate::session::revoke(context, old, token).await {
        let error = context.error(kind);
        context.ui.notice(&format!("The replaced session could not be revoked: {error}"));
    }
}
