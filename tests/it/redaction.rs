//! No type can print a secret: in types that derive `Debug`, a field named like a secret has a type that redacts
//! itself.

use std::fs;

use quote::ToTokens as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Field, ItemEnum, ItemStruct};

use crate::support::sources;

/// Words in names of fields that hold secrets.
const SECRET: [&str; 14] = [
    "access", "code", "cookie", "csrf", "hash", "key", "nonce", "password", "private", "refresh", "secret",
    "seed", "token", "verifier",
];

/// Fields named like a secret that hold none: names of settings and errors, hashes of the audit chain, values that a
/// client sends openly, and codes that a person is shown to compare or type.
const PUBLIC: [&str; 26] = [
    "AuditListArgs::key",
    "AuthorizationRequest::code_challenge",
    "AuthorizationRequest::nonce",
    "AuthorizationRequest::short_code",
    "AuthorizationParams::nonce",
    "Additional::refresh_token_expiration_types_supported",
    "Brand::token_prefix",
    "CliConfiguration::key_prefixes",
    "CodeScreen::code",
    "DeviceCode::user_code",
    "ErrorKind::code",
    "ErrorKind::key",
    "ConfigError::key",
    "ChainHead::hash",
    "TokenSet::nonce",
    "KeyCredential::key_id",
    "Lasts::access",
    "ChainLink::hash",
    "ChainLink::previous_hash",
    "Names::key_prefixes",
    "RawParameters::code_challenge",
    "RawParameters::code_challenge_method",
    "RawParameters::nonce",
    "OAuthError::error_code",
    "OauthErrorResponse::error_code",
    "SettingCommand::key",
];

#[derive(Default)]
struct Fields {
    path: String,
    owner: String,
    found: Vec<String>,
}

fn derives_debug(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("derive"))
        .any(|attribute| attribute.to_token_stream().to_string().contains("Debug"))
}

/// Whether a value of this type prints its content.
fn is_plain(of: &str) -> bool {
    ["String", "str", "u8", "Value"]
        .iter()
        .any(|plain| of.split(|c: char| !c.is_alphanumeric()).any(|word| word == *plain))
}

impl<'ast> Visit<'ast> for Fields {
    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        if derives_debug(&item.attrs) {
            self.owner = item.ident.to_string();
            visit::visit_item_struct(self, item);
        }
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        if derives_debug(&item.attrs) {
            self.owner = item.ident.to_string();
            visit::visit_item_enum(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        let Some(name) = &field.ident else { return };
        let (name, kind) = (name.to_string(), field.ty.to_token_stream().to_string());
        let field = format!("{}::{name}", self.owner);
        let public = PUBLIC.contains(&field.as_str());
        if name.split('_').any(|word| SECRET.contains(&word)) && is_plain(&kind) && !public {
            self.found.push(format!("{} {field}: {kind}", self.path));
        }
    }
}

#[test]
fn lo_10_no_type_that_derives_debug_holds_a_secret_in_the_clear() {
    let mut fields = Fields::default();
    for path in ["src", "crates"].into_iter().flat_map(sources) {
        fields.path = path.display().to_string();
        let file = syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap();
        fields.visit_file(&file);
    }
    assert!(fields.found.is_empty(), "{:#?}", fields.found);
}

/// Operations of an RSA private key other than signing.
const OTHER_USES: [&str; 6] = [
    "decrypt",
    "PrivateDecryptingKey",
    "Oaep",
    "Pkcs1v15Encrypt",
    "BlindedSigningKey",
    "RsaPrivateKey::from",
];

#[test]
fn jw_17_signing_keys_only_sign() {
    for path in sources("src") {
        let text = fs::read_to_string(&path).unwrap();
        for other in OTHER_USES {
            assert!(!text.contains(other), "{}: {other}", path.display());
        }
        let holds = text.contains("RsaKeyPair");
        assert!(!holds || path.ends_with("keys/rsa_key.rs"), "{}: an RSA key of its own", path.display());
        if holds {
            let uses: Vec<&str> = text
                .split("self.pair")
                .skip(1)
                .map(|rest| rest.trim_start().split('(').next().unwrap())
                .collect();
            assert_eq!(uses, [".public_modulus_len", ".sign"], "uses of the private half");
        }
    }
}
