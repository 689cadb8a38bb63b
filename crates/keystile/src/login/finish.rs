//! The end of a login with a callback, whether it was awaited or arrived while a code was to be pasted.

use oauth2::RedirectUrl;
use url::form_urlencoded::byte_serialize;

use super::attempt::Attempt;
use super::loopback::PendingCallback;
use super::page::Page;
use super::{CompletedLogin, Step};
use crate::credentials::SignedInBy;
use crate::error::ErrorKind;
use crate::oauth::{PkceSession, TokenError};

/// Exchanges the code and stores the session; only then answers the browser.
pub(super) async fn finish(
    attempt: &Attempt<'_>,
    pending: PendingCallback,
    redirect: RedirectUrl,
    pkce: &PkceSession,
) -> Result<Step, ErrorKind> {
    match exchange_and_store(attempt, &pending, redirect, pkce).await {
        Ok(completed) => {
            pending.answer(Page::Done { url: done_page(attempt) }).await;
            attempt.end_replaced().await;
            Ok(Step::SignedIn(Box::new(completed)))
        }
        Err(kind @ (ErrorKind::AccessDenied | ErrorKind::TokensDisabled { .. })) => {
            pending.answer(Page::Denied { url: format!("{}/denied", attempt.issuer) }).await;
            Err(kind)
        }
        Err(kind) => {
            pending.answer(Page::Failed { tool: attempt.context.brand().name().to_owned() }).await;
            Err(kind)
        }
    }
}

async fn exchange_and_store(
    attempt: &Attempt<'_>,
    pending: &PendingCallback,
    redirect: RedirectUrl,
    pkce: &PkceSession,
) -> Result<CompletedLogin, ErrorKind> {
    let code = attempt.code_of(&pending.callback, pkce)?;
    let tokens = attempt.exchange(code, redirect, pkce).await.map_err(TokenError::into_kind)?;
    attempt.keep(&tokens, SignedInBy::Browser).await
}

/// A page of the issuer to redirect to, so that the code does not stay in the address bar.
fn done_page(attempt: &Attempt<'_>) -> String {
    let client: String = byte_serialize(attempt.context.app.client_id.as_bytes()).collect();
    format!("{}/done?c={client}", attempt.issuer)
}
