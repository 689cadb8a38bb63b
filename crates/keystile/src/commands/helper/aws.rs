//! `credential_process` of the AWS tools: exchanges the access token for credentials of a role
//! (`AssumeRoleWithWebIdentity`). The AWS account of the role must trust the issuer. Naming the role is the user's
//! consent to send the token to AWS.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use oauth2::http::Request;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

use super::session;
use crate::base_url::BaseUrl;
use crate::context::Context;
use crate::error::ErrorKind;
use crate::http::{ApiResponse, PROTOCOL_LIMIT, Plan, Replay};
use crate::secret::Secret;
use crate::session::{ActiveCredential, TokenNeed, USUAL_TTL};

/// Safe to repeat: every request only creates another set of credentials.
const PLAN: Plan = Plan { replay: Replay::Safe, timeout: Duration::from_secs(15), limit: PROTOCOL_LIMIT };

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StsResponse {
    assume_role_with_web_identity_response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    assume_role_with_web_identity_result: AssumedRole,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssumedRole {
    credentials: RoleCredentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleCredentials {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Secret,
    expiration: Expiration,
}

/// Unix seconds from AWS, RFC 3339 from compatible services.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expiration {
    Seconds(f64),
    Time(DateTime<Utc>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StsError {
    error: Reason,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reason {
    code: String,
    #[serde(default)]
    message: String,
}

pub(super) async fn run(
    context: &Arc<Context>,
    role_arn: Option<String>,
    region: Option<String>,
) -> Result<(), ErrorKind> {
    let variable = |name: &str| context.environment.get(name).map(str::to_owned);
    let role = role_arn.or_else(|| variable("AWS_ROLE_ARN")).ok_or_else(|| ErrorKind::Usage {
        message: "No role is set".into(),
        hint: Some("Set --role-arn or AWS_ROLE_ARN. The role must trust the issuer of your session.".into()),
    })?;
    let region = region.or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
    let endpoint = endpoint(variable("AWS_ENDPOINT_URL_STS").as_deref(), region.as_deref())?;
    let session = session(context)?;
    if let ActiveCredential::Key { source, .. } = &session.chosen {
        return Err(ErrorKind::Usage {
            message: "AWS needs the token of a session, not a key".into(),
            hint: Some(format!(
                "The credential {source} is a key. Sign in, and select the profile with --profile."
            )),
        });
    }
    let token = session.token(TokenNeed::Fresh { min_ttl: USUAL_TTL }).await?;
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "AssumeRoleWithWebIdentity")
        .append_pair("Version", "2011-06-15")
        .append_pair("RoleArn", &role)
        .append_pair("RoleSessionName", &session_name(context, variable("AWS_ROLE_SESSION_NAME")))
        .append_pair("WebIdentityToken", token.secret())
        .finish();
    let request = Request::post(endpoint.as_str())
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.into_bytes())
        .map_err(|error| ErrorKind::Usage { message: error.to_string(), hint: None })?;
    let response = context.transport.send(request, PLAN).await?;
    let credentials = read(&response, &endpoint)?;
    context.output.json(&json!({
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": expiration(&credentials.expiration, &endpoint)?,
    }))
}

/// The STS endpoint: the explicit one, otherwise that of the region.
fn endpoint(set: Option<&str>, region: Option<&str>) -> Result<BaseUrl, ErrorKind> {
    let is_region = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let text = match (set, region) {
        (Some(set), _) => set.to_owned(),
        (None, Some(region)) if is_region(region) => {
            let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://sts.{region}.{domain}")
        }
        (None, Some(region)) => {
            return Err(ErrorKind::Usage { message: format!("`{region}` is not a region"), hint: None });
        }
        (None, None) => "https://sts.amazonaws.com".to_owned(),
    };
    BaseUrl::parse(&text).map_err(|error| ErrorKind::Usage { message: error.to_string(), hint: None })
}

/// The role session name, of which AWS allows 2 to 64 letters, digits and `=,.@-_`.
fn session_name(context: &Context, set: Option<String>) -> String {
    set.unwrap_or_else(|| format!("{}-{}", context.brand().name(), context.profile))
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "=,.@-_".contains(c) { c } else { '-' })
        .take(64)
        .collect()
}

fn read(response: &ApiResponse, endpoint: &BaseUrl) -> Result<RoleCredentials, ErrorKind> {
    match response.status() {
        200 => {
            let answer: StsResponse = response.parse()?;
            Ok(answer.assume_role_with_web_identity_response.assume_role_with_web_identity_result.credentials)
        }
        status @ 500.. => Err(ErrorKind::ServerError { status, request_id: None }),
        status => {
            let reason = response.parse::<StsError>().ok().map(|refusal| refusal.error);
            let (code, message) = reason.map_or_else(
                || (None, format!("{} gave no reason.", endpoint.host())),
                |reason| (Some(reason.code), reason.message),
            );
            Err(ErrorKind::InvalidRequest { status, code, message, request_id: None })
        }
    }
}

fn expiration(end: &Expiration, endpoint: &BaseUrl) -> Result<String, ErrorKind> {
    #[expect(clippy::cast_possible_truncation, reason = "a number out of range is refused below")]
    let time = match *end {
        Expiration::Seconds(seconds) => DateTime::from_timestamp(seconds as i64, 0),
        Expiration::Time(time) => Some(time),
    };
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true)).ok_or_else(|| {
        ErrorKind::InvalidResponse {
            host: endpoint.host(),
            what: "Its credentials have an invalid expiration".into(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_follows_the_region() {
        let at = |set, region| endpoint(set, region).map(|url| url.to_string());
        assert_eq!(at(None, None).unwrap(), "https://sts.amazonaws.com");
        assert_eq!(at(None, Some("eu-north-1")).unwrap(), "https://sts.eu-north-1.amazonaws.com");
        assert_eq!(at(None, Some("cn-north-1")).unwrap(), "https://sts.cn-north-1.amazonaws.com.cn");
        assert_eq!(at(Some("http://127.0.0.1:1"), Some("x")).unwrap(), "http://127.0.0.1:1");
        assert!(at(None, Some("evil.example/")).is_err());
    }

    #[test]
    fn the_expiration_is_a_timestamp() {
        let url = BaseUrl::parse("https://sts.amazonaws.com").unwrap();
        for text in ["1.7954208E9", "1795420800", "\"2026-11-23T08:00:00Z\""] {
            let end = serde_json::from_str(text).unwrap();
            assert_eq!(expiration(&end, &url).unwrap(), "2026-11-23T08:00:00Z");
        }
        assert!(expiration(&Expiration::Seconds(f64::INFINITY), &url).is_err());
    }
}
