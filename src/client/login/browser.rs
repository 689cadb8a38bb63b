//! The browser road: a short link, a comparison code, and a listener that the browser comes back to.

use std::time::Duration;

use oauth2::{AuthorizationCode, TokenResponse as _};
use subtle::ConstantTimeEq;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use url::form_urlencoded::byte_serialize;

use super::callback::Callback;
use super::loopback::{Arrival, Loopback};
use super::page::Page;
use super::{Account, LoginOptions, device, store};
use crate::client::base_url::BaseUrl;
use crate::client::context::Context;
use crate::client::credentials::{Credential, CredentialState, OauthCredential};
use crate::client::error::Fault;
use crate::client::oauth::{self, Asked, Link, Metadata, Proof, Refusal, TokenAnswer};
use crate::client::session::whoami_of;
use crate::client::ui::LinkScreen;

const FRAME: Duration = Duration::from_millis(100);

/// What one login works with.
struct Attempt<'a> {
    context: &'a Context,
    options: &'a LoginOptions,
    issuer: &'a BaseUrl,
    metadata: Metadata,
    proof: Proof,
}

pub(super) async fn sign_in(
    context: &Context,
    options: &LoginOptions,
    issuer: &BaseUrl,
    stored: Option<&Credential>,
    opens: bool,
) -> Result<Account, Fault> {
    let timeout = context.login_timeout(options.timeout)?;
    let metadata = context.metadata(issuer).await?;
    let attempt = Attempt { context, options, issuer, metadata, proof: Proof::new()? };
    let mut loopback = Loopback::bind(options.port).await?;
    let link = attempt.link(&loopback, stored).await?;
    let (url, check) = match link {
        Link::Short { url, check } => (url, check),
        Link::Long { url } => (url, None),
    };
    context.ui.show_link(&LinkScreen {
        server: issuer.host(),
        url: url.to_string(),
        check,
        opens_browser: opens,
        port: loopback.port(),
    });
    let arrival = attempt.wait(&mut loopback, url.as_str(), opens, timeout).await;
    context.ui.progress_done();
    let arrival = arrival?;
    let redirect = loopback.redirect_url()?;
    match attempt.finish(&arrival.callback, redirect).await {
        Ok(account) => {
            // The browser says "done" only now that the session is stored.
            let client: String = byte_serialize(context.app.client_id.as_bytes()).collect();
            arrival.answer(Page::Done { url: format!("{issuer}/done?c={client}") }).await;
            end_replaced(context, stored, issuer).await;
            Ok(account)
        }
        Err(fault) => {
            arrival.answer(Page::Failed { tool: context.brand().name().to_owned() }).await;
            Err(fault)
        }
    }
}

impl Attempt<'_> {
    async fn link(&self, loopback: &Loopback, stored: Option<&Credential>) -> Result<Link, Fault> {
        let mut hints = Vec::new();
        hints.extend(self.context.wanted_org().map(|org| ("org", org)));
        hints.extend(self.options.login_hint.clone().map(|hint| ("login_hint", hint)));
        // A first sign-in lets the person choose the account; a renewal keeps it.
        if stored.is_none() {
            hints.push(("prompt", "select_account".into()));
        }
        let asked = Asked {
            client_id: &self.context.app.client_id,
            redirect: &loopback.redirect_url()?,
            scopes: if self.options.scopes.is_empty() {
                &self.context.app.scopes
            } else {
                &self.options.scopes
            },
            hints: &hints,
            device: &device::facts(
                self.context.brand(),
                &self.context.environment,
                self.options.device_name.as_deref(),
            ),
        };
        oauth::request_link(&self.context.transport, &self.metadata, &asked, &self.proof).await
    }

    /// Waits for the browser to come back.
    async fn wait(
        &self,
        loopback: &mut Loopback,
        url: &str,
        opens: bool,
        timeout: Duration,
    ) -> Result<Arrival, Fault> {
        let ui = &self.context.ui;
        let deadline = Instant::now() + timeout;
        let mut frames = interval(FRAME);
        frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
        if opens {
            self.open(url);
        }
        loop {
            tokio::select! {
                arrival = loopback.arrival() => return arrival,
                () = sleep_until(deadline) => return Err(Fault::LoginTimedOut { after: timeout }),
                stopped = tokio::signal::ctrl_c() => {
                    return Err(match stopped {
                        Ok(()) => Fault::Interrupted,
                        Err(error) => Fault::Local { what: "listen for Ctrl-C".into(), cause: error.to_string() },
                    });
                }
                _ = frames.tick() => {
                    ui.progress(deadline - Instant::now());
                    if ui.wants_browser() {
                        self.open(url);
                    }
                }
            }
        }
    }

    /// Opens the browser beside the wait; a browser that does not open is a note, since the link is printed.
    fn open(&self, url: &str) {
        let (browser, ui, url) =
            (self.context.app.seams.browser.clone(), self.context.ui.clone(), url.to_owned());
        tokio::spawn(async move {
            if let Err(reason) = browser.open(&url).await {
                ui.notice(&format!("No browser could be opened ({reason}). Open the link yourself."));
            }
        });
    }

    /// Checks the callback, trades the code, asks who signed in, and stores the session.
    async fn finish(&self, callback: &Callback, redirect: oauth2::RedirectUrl) -> Result<Account, Fault> {
        let context = self.context;
        let code = self.check(callback)?;
        let client_id = &context.app.client_id;
        let verifier = oauth2::PkceCodeVerifier::new(self.proof.verifier.secret().clone());
        let tokens =
            oauth::exchange_code(&context.transport, &self.metadata, client_id, redirect, code, verifier)
                .await
                .map_err(oauth::TokenFault::into_fault)?;
        let whoami = match whoami_of(&context.transport, self.issuer, tokens.access_token().secret()).await {
            Ok(whoami) => Some(whoami),
            // The session is good, and throwing it away would only leave it behind at the server.
            Err(fault) => {
                let error = context.error(fault);
                context.ui.notice(&format!("Signed in, but the server did not say as whom: {error}"));
                None
            }
        };
        let api_base = context
            .wanted_api_base()?
            .or_else(|| context.app.api_base.clone())
            .or_else(|| self.metadata.cli_configuration.api_base.clone())
            .unwrap_or_else(|| self.issuer.clone());
        let session =
            store::session(&tokens, self.issuer, api_base, client_id, whoami.as_ref(), context.now());
        let account = self.account(&session, &tokens);
        store::keep(context, session).await?;
        store::remember(context, self.options.issuer.as_ref())?;
        Ok(account)
    }

    /// First that the callback belongs to this login, then that it comes from this server, then what it says.
    fn check(&self, callback: &Callback) -> Result<AuthorizationCode, Fault> {
        let state = callback.state.as_deref().unwrap_or_default();
        if !bool::from(state.as_bytes().ct_eq(self.proof.state.secret().as_bytes())) {
            return Err(Fault::StateMismatch);
        }
        let is_right = match &callback.iss {
            Some(iss) => iss.trim_end_matches('/') == self.issuer.as_str(),
            None => !self.metadata.authorization_response_iss_parameter_supported,
        };
        if !is_right {
            return Err(Fault::IssuerMismatch { issuer: callback.iss.clone() });
        }
        if let Some(error) = &callback.error {
            return Err(oauth::refused(Refusal {
                code: error.clone(),
                description: callback.error_description.clone(),
                finer: callback.error_code.clone(),
                organization: callback.organization.clone(),
                // Only a page of the server itself is worth sending somebody to.
                settings_url: callback
                    .error_uri
                    .as_deref()
                    .and_then(|uri| self.issuer.join(uri))
                    .map(String::from),
            }));
        }
        callback.code.clone().map(AuthorizationCode::new).ok_or_else(|| Fault::BadAnswer {
            host: self.issuer.host(),
            what: "Its callback brought neither a code nor an error".into(),
        })
    }

    fn account(&self, session: &OauthCredential, tokens: &TokenAnswer) -> Account {
        Account {
            profile: self.context.profile.clone(),
            account: session.account.clone(),
            org: session.org.clone(),
            scopes: session.scopes.clone(),
            stored_in: self.context.store.location(),
            access_lifetime: oauth::lifetime(tokens),
            idle_lifetime: tokens.extra_fields().idle(),
            refreshable: session.refresh_token.is_some(),
        }
    }
}

/// The session that the new one replaces would live on unseen, so it is ended at its server.
async fn end_replaced(context: &Context, stored: Option<&Credential>, issuer: &BaseUrl) {
    let Some(old) = stored.and_then(Credential::as_oauth) else { return };
    let (Some(token), CredentialState::Ok) = (&old.refresh_token, old.state) else { return };
    if &old.issuer != issuer {
        return;
    }
    if let Err(fault) = crate::client::session::end(context, old, token).await {
        let error = context.error(fault);
        context.ui.notice(&format!("The replaced session could not be ended at the server: {error}"));
    }
}
