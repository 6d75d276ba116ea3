//! Users, roles, secret ids and certificates of sign-in methods.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Policies of a user, mapping, role or certificate: newer servers say `token_policies`, older ones `policies`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct RolePolicies {
    /// The newer name.
    #[serde(default)]
    token_policies: Option<Vec<String>>,
    /// The older name.
    #[serde(default)]
    policies: Option<Policies>,
}

/// The older name holds a list, or text with commas.
#[derive(Debug)]
struct Policies(Vec<String>);

impl<'de> Deserialize<'de> for Policies {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Policies;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a list of policies, or text with commas")
            }
            fn visit_str<E>(self, text: &str) -> Result<Policies, E> {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                Ok(Policies(names.map(str::to_owned).collect()))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut names: A) -> Result<Policies, A::Error> {
                let mut found = Vec::new();
                while let Some(name) = names.next_element()? {
                    found.push(name);
                }
                Ok(Policies(found))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl RolePolicies {
    /// All of them, each once.
    pub(crate) fn all(&self) -> Vec<String> {
        let mut all = self.token_policies.clone().unwrap_or_default();
        for name in self.policies.iter().flat_map(|policies| &policies.0) {
            if !all.contains(name) {
                all.push(name.clone());
            }
        }
        all
    }
}

/// A role of any sign-in method.
#[derive(Debug, Deserialize)]
pub(crate) struct Role {
    /// Its policies.
    #[serde(flatten)]
    pub(crate) policies: RolePolicies,
    /// JWT: the one subject it lets in.
    #[serde(default)]
    pub(crate) bound_subject: Option<String>,
    /// JWT: claims that must hold these values.
    #[serde(default)]
    pub(crate) bound_claims: Option<BTreeMap<String, OneOrMany>>,
    /// JWT: the claim that names the user.
    #[serde(default)]
    pub(crate) user_claim: Option<String>,
    /// Kubernetes.
    #[serde(default)]
    pub(crate) bound_service_account_names: Option<Vec<String>>,
    /// Kubernetes.
    #[serde(default)]
    pub(crate) bound_service_account_namespaces: Option<Vec<String>>,
}

/// One value or several; values that are no text are kept as their JSON.
#[derive(Debug, Clone)]
pub(crate) struct OneOrMany(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn text(value: serde_json::Value) -> String {
            match value {
                serde_json::Value::String(text) => text,
                other => other.to_string(),
            }
        }
        Ok(Self(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Array(values) => values.into_iter().map(text).collect(),
            serde_json::Value::Null => Vec::new(),
            value => vec![text(value)],
        }))
    }
}

/// A secret id, looked up by its accessor.
#[derive(Debug, Deserialize)]
pub(crate) struct SecretId {
    /// RFC 3339.
    #[serde(default)]
    pub(crate) creation_time: Option<String>,
    /// RFC 3339; the year 1 is never.
    #[serde(default)]
    pub(crate) expiration_time: Option<String>,
    /// Metadata given with it.
    #[serde(default)]
    pub(crate) metadata: Option<BTreeMap<String, String>>,
    /// Uses left; 0 is without limit.
    #[serde(default, rename = "secret_id_num_uses")]
    pub(crate) uses: Option<i64>,
}

/// A certificate that lets in.
#[derive(Debug, Deserialize)]
pub(crate) struct CertRole {
    /// PEM.
    #[serde(default)]
    pub(crate) certificate: Option<String>,
    /// Its policies.
    #[serde(flatten)]
    pub(crate) policies: RolePolicies,
    /// Common names it lets in.
    #[serde(default)]
    pub(crate) allowed_common_names: Option<Vec<String>>,
    /// Addresses it lets in.
    #[serde(default)]
    pub(crate) allowed_email_sans: Option<Vec<String>>,
}
