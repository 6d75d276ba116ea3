//! Users, roles, secret ids and certificates of sign-in methods.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Policies of a user, mapping, role or certificate, each once: newer servers say `token_policies`, older ones and
/// directories `policies`. One of the two always stands there.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct RolePolicies(Vec<String>);

#[derive(Deserialize)]
struct Written {
    /// The newer name.
    #[serde(default, deserialize_with = "present")]
    token_policies: Option<Policies>,
    /// The older name.
    #[serde(default, deserialize_with = "present")]
    policies: Option<Policies>,
}

/// A field that may be missing, which is not the same as `null`.
fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<Option<T>, D::Error> {
    super::listed(from).map(Some)
}

impl TryFrom<Written> for RolePolicies {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let (newer, older) = match (written.token_policies, written.policies) {
            (None, None) => return Err("neither token_policies nor policies"),
            (newer, older) => (newer, older),
        };
        let mut all: Vec<String> = Vec::new();
        for name in newer.into_iter().chain(older).flat_map(|policies| policies.0) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        Ok(Self(all))
    }
}

/// The older name holds a list, or text with commas.
#[derive(Debug, Default)]
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
    /// All of them.
    pub(crate) fn all(&self) -> &[String] {
        &self.0
    }
}

/// A role of any sign-in method.
#[derive(Debug, Default)]
pub(crate) struct Role {
    /// Its policies.
    pub(crate) policies: RolePolicies,
    /// JWT: the one subject it lets in.
    pub(crate) bound_subject: Option<String>,
    /// JWT: claims that must hold these values.
    pub(crate) bound_claims: BTreeMap<String, OneOrMany>,
    /// JWT: the claim that names the user.
    pub(crate) user_claim: Option<String>,
    /// Kubernetes.
    pub(crate) bound_service_account_names: Vec<String>,
    /// Kubernetes.
    pub(crate) bound_service_account_namespaces: Vec<String>,
}

/// A role of the JWT or OIDC method.
#[derive(Debug, Deserialize)]
pub(crate) struct JwtRole {
    #[serde(flatten)]
    policies: RolePolicies,
    #[serde(deserialize_with = "super::told")]
    bound_subject: Option<String>,
    #[serde(deserialize_with = "super::listed")]
    bound_claims: BTreeMap<String, OneOrMany>,
    #[serde(deserialize_with = "super::told")]
    user_claim: Option<String>,
}

impl From<JwtRole> for Role {
    fn from(role: JwtRole) -> Self {
        let JwtRole { policies, bound_subject, bound_claims, user_claim } = role;
        Self { policies, bound_subject, bound_claims, user_claim, ..Self::default() }
    }
}

/// A role of the Kubernetes method.
#[derive(Debug, Deserialize)]
pub(crate) struct KubernetesRole {
    #[serde(flatten)]
    policies: RolePolicies,
    #[serde(deserialize_with = "super::listed")]
    bound_service_account_names: Vec<String>,
    #[serde(deserialize_with = "super::listed")]
    bound_service_account_namespaces: Vec<String>,
}

impl From<KubernetesRole> for Role {
    fn from(role: KubernetesRole) -> Self {
        let KubernetesRole { policies, bound_service_account_names, bound_service_account_namespaces } = role;
        Self { policies, bound_service_account_names, bound_service_account_namespaces, ..Self::default() }
    }
}

/// A role of the `AppRole` method.
#[derive(Debug, Deserialize)]
pub(crate) struct AppRole {
    #[serde(flatten)]
    policies: RolePolicies,
}

impl From<AppRole> for Role {
    fn from(role: AppRole) -> Self {
        Self { policies: role.policies, ..Self::default() }
    }
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
    #[serde(deserialize_with = "super::told")]
    pub(crate) expiration_time: Option<String>,
    /// Metadata given with it.
    #[serde(deserialize_with = "super::listed")]
    pub(crate) metadata: BTreeMap<String, String>,
    /// Uses left; 0 is without limit.
    #[serde(default, rename = "secret_id_num_uses")]
    pub(crate) uses: Option<i64>,
}

/// A certificate that lets in.
#[derive(Debug, Deserialize)]
pub(crate) struct CertRole {
    /// PEM.
    pub(crate) certificate: String,
    /// Its policies.
    #[serde(flatten)]
    pub(crate) policies: RolePolicies,
    /// Common names it lets in.
    #[serde(deserialize_with = "super::listed")]
    pub(crate) allowed_common_names: Vec<String>,
    /// Addresses it lets in.
    #[serde(deserialize_with = "super::listed")]
    pub(crate) allowed_email_sans: Vec<String>,
}
