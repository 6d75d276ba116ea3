//! The words policies are judged by, from `data/`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use scan_contract::Privilege;
use serde::Deserialize;

/// Where an action has to be allowed to make its holder an administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum On {
    /// On any resource at all.
    Any,
    /// Only on all resources of its kind.
    All,
}

/// An action that makes its holder an administrator.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminAction {
    /// Full name, such as `iam:CreateAccessKey`.
    pub(crate) action: String,
    /// Where it has to be allowed.
    pub(crate) on: On,
    /// Whether it is harmless where it reaches only the user's own credentials.
    #[serde(default)]
    pub(crate) harmless_on_self: bool,
    /// Why, in words for people.
    pub(crate) why: String,
}

/// The tables of `data/actions.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Actions {
    /// Actions that grant access, escalate, or read secrets.
    pub(crate) admin: Vec<AdminAction>,
    /// Verbs that only read.
    pub(crate) read_verbs: Vec<String>,
    /// Actions that only read although their verb does not say so.
    #[serde(rename = "read_actions")]
    pub(crate) only_read: Vec<String>,
    /// Actions that hand out credentials although their verb reads.
    pub(crate) write_despite_verb: Vec<String>,
}

/// What a policy of the vendor gives.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManagedReach {
    /// How far it reaches.
    pub(crate) privilege: Privilege,
    /// Why, in words for people.
    pub(crate) why: String,
    /// Whether it denies everything.
    #[serde(default)]
    pub(crate) denies_everything: bool,
}

/// Both tables.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Actions.
    pub(crate) actions: Actions,
    /// The vendor's policies by the part of their ARN after `policy/`.
    pub(crate) managed: BTreeMap<String, ManagedReach>,
}

/// The embedded tables. An error is a defect of this crate.
pub(crate) fn tables() -> Result<&'static Tables, &'static str> {
    static TABLES: LazyLock<Result<Tables, String>> = LazyLock::new(|| {
        let actions = serde_json::from_str(include_str!("../../data/actions.json"))
            .map_err(|error| format!("data/actions.json: {error}"))?;
        let managed = serde_json::from_str(include_str!("../../data/managed-policies.json"))
            .map_err(|error| format!("data/managed-policies.json: {error}"))?;
        Ok(Tables { actions, managed })
    });
    TABLES.as_ref().map_err(String::as_str)
}

impl Tables {
    /// What is known of a policy of the vendor, by ARN.
    pub(crate) fn managed(&self, arn: &str) -> Option<&ManagedReach> {
        let (_, name) = arn.split_once(":iam::aws:policy/")?;
        self.managed.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_tables_can_be_read_and_every_action_names_its_service() {
        let tables = tables().expect("the tables are part of the crate");
        let all = tables.actions.admin.iter().map(|entry| &entry.action);
        for action in all.chain(&tables.actions.only_read).chain(&tables.actions.write_despite_verb) {
            assert!(
                action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty()),
                "{action}"
            );
            assert!(!action.contains(['*', '?']), "{action} is one action");
        }
        assert_eq!(
            tables.managed("arn:aws-cn:iam::aws:policy/AdministratorAccess").map(|reach| reach.privilege),
            Some(Privilege::Admin)
        );
        assert!(
            tables.managed("arn:aws:iam::111122223333:policy/AdministratorAccess").is_none(),
            "a customer's namesake"
        );
    }
}
