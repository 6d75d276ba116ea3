//! Credentials: API tokens, and access tokens given for signed assertions (RFC 7523).

use std::collections::{BTreeMap, BTreeSet};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::json;

use crate::fault::{Answer, Asked};

/// A service app that may sign in.
#[derive(Debug, Clone)]
pub struct ServiceApp {
    /// Client id.
    pub client_id: String,
    /// Public keys in PEM, by key id.
    pub keys: BTreeMap<String, String>,
    /// Scopes that were granted to it.
    pub scopes: BTreeSet<String>,
    /// Whether it demands proof of possession, as new apps do.
    pub demands_dpop: bool,
}

/// Everything that lets somebody in.
#[derive(Debug, Default)]
pub(super) struct Doors {
    /// API tokens by value: the user who made each.
    pub(super) api_tokens: BTreeMap<String, String>,
    pub(super) apps: Vec<ServiceApp>,
    /// Access tokens in force, with their scopes.
    pub(super) access_tokens: BTreeMap<String, BTreeSet<String>>,
    pub(super) given: u64,
    /// What access tokens begin with.
    pub(super) token_text: String,
    /// Seconds an access token lives, as told.
    pub(super) expires_in: u64,
}

/// What a request is let in with.
#[derive(Debug)]
pub(super) enum Entry {
    /// All that the user of an API token may.
    ApiToken,
    /// These scopes.
    Scopes(BTreeSet<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
}

impl Doors {
    pub(super) fn entry(&self, asked: &Asked, is_active: impl Fn(&str) -> bool) -> Option<Entry> {
        let value = asked.header("authorization")?;
        if let Some(token) = value.strip_prefix("SSWS ") {
            return self.api_tokens.get(token).filter(|user| is_active(user)).map(|_| Entry::ApiToken);
        }
        let token = value.strip_prefix("Bearer ")?;
        self.access_tokens.get(token).cloned().map(Entry::Scopes)
    }

    /// `POST /oauth2/v1/token`. Okta gives the scopes that were granted and leaves out the others; only if none was, it
    /// refuses with `consent_required`.
    pub(super) fn token(&mut self, asked: &Asked) -> Answer {
        let refused = |error: &str| {
            Answer::json(&json!({"error": error, "error_description": "a text that quotes what was asked"})).of(400)
        };
        if asked.form_field("grant_type").as_deref() != Some("client_credentials")
            || asked.form_field("client_assertion_type").as_deref()
                != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        {
            return refused("unsupported_grant_type");
        }
        let audience = format!("{}/oauth2/v1/token", asked.origin);
        let Some(app) = asked.form_field("client_assertion").and_then(|jwt| self.who_signed(&jwt, &audience)) else {
            return refused("invalid_client").of(401);
        };
        if app.demands_dpop {
            return refused("invalid_dpop_proof");
        }
        let wanted: BTreeSet<String> =
            asked.form_field("scope").unwrap_or_default().split(' ').map(String::from).collect();
        let scopes: BTreeSet<String> = wanted.intersection(&app.scopes).cloned().collect();
        if scopes.is_empty() {
            return refused("consent_required");
        }
        self.given += 1;
        let token = format!("{}{}", self.token_text, self.given);
        self.access_tokens.insert(token.clone(), scopes.clone());
        Answer::json(&json!({
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "access_token": token,
            "scope": scopes.into_iter().collect::<Vec<_>>().join(" "),
        }))
    }

    fn who_signed(&self, jwt: &str, audience: &str) -> Option<ServiceApp> {
        let header = decode_header(jwt).ok()?;
        let mut rules = Validation::new(header.alg);
        rules.set_audience(&[audience]);
        rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        self.apps.iter().find_map(|app| {
            let mut keys = app.keys.iter().filter(|(id, _)| header.kid.as_deref().is_none_or(|kid| kid == id.as_str()));
            let signed = keys.any(|(_, pem)| {
                let key = match header.alg {
                    Algorithm::ES256 => DecodingKey::from_ec_pem(pem.as_bytes()),
                    _ => DecodingKey::from_rsa_pem(pem.as_bytes()),
                };
                let claims = key.and_then(|key| decode::<Claims>(jwt, &key, &rules));
                claims.is_ok_and(|claims| claims.claims.iss == app.client_id && claims.claims.sub == app.client_id)
            });
            signed.then(|| app.clone())
        })
    }
}
