//! A cloud account in truth, and the grants its documents show.

use std::collections::BTreeMap;

use scan_contract::{Access, AccessKind, Fact, Instant, Moment, Privilege, Relation, Status};

use super::grants::{Grant, LeadsTo};

/// An access key.
#[derive(Debug, Clone)]
pub struct AwsKey {
    /// Key id.
    pub id: String,
    /// Whether it is switched on.
    pub active: bool,
    /// When it was made.
    pub created: Instant,
    /// When it was last used; the vendor keeps quarters of an hour.
    pub last_used: Option<Instant>,
}

/// A user.
#[derive(Debug, Clone)]
pub struct AwsUser {
    /// Name.
    pub name: String,
    /// Unique id.
    pub id: String,
    /// Path, with both slashes.
    pub path: String,
    /// When it was made.
    pub created: Instant,
    /// Whose it is; a service user has none.
    pub person: Option<String>,
    /// Address in the tag `email`.
    pub email_tag: Option<String>,
    /// People who answer for it, with their addresses (tag `owner-email`).
    pub owners: Vec<(String, String)>,
    /// Group names.
    pub groups: Vec<String>,
    /// Names of attached vendor policies, with what they allow.
    pub policies: Vec<(String, Privilege)>,
    /// Console password: last use and last change.
    pub password: Option<(Option<Instant>, Instant)>,
    /// Whether a second factor is set up.
    pub mfa: bool,
    /// Keys, at most two.
    pub keys: Vec<AwsKey>,
}

/// A role that users may assume.
#[derive(Debug, Clone)]
pub struct AwsRole {
    /// Name.
    pub name: String,
    /// Unique id.
    pub id: String,
    /// Names of users its trust policy names.
    pub trusts: Vec<String>,
    /// When it was last used.
    pub last_used: Option<Instant>,
}

/// An account of the cloud.
#[derive(Debug, Clone)]
pub struct AwsAccount {
    /// Twelve digits.
    pub account: String,
    /// Users in order.
    pub users: Vec<AwsUser>,
    /// Groups: name, id, attached vendor policy.
    pub groups: BTreeMap<String, (String, String)>,
    /// Roles.
    pub roles: Vec<AwsRole>,
    /// Whether the credential report was asked for.
    pub has_report: bool,
    /// Whether the lists of keys were asked for.
    pub has_key_lists: bool,
}

/// Uses of keys are kept by the quarter of an hour.
const KEY_PRECISION: u32 = 900;
/// Sign-ins are kept by five minutes.
const PASSWORD_PRECISION: u32 = 300;

impl AwsUser {
    /// ARN in an account.
    pub fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:user{}{}", self.path, self.name)
    }

    fn grant(&self, scope: &str, kind: AccessKind, id: &str, status: Status, answers: bool) -> Grant {
        let mut access = Access::new(scope.into(), kind, id.into(), status);
        access.parent = (kind != AccessKind::Account).then(|| self.id.as_str().into());
        access.expires_at = Fact::None;
        let mut ties: Vec<(String, Relation)> =
            self.person.iter().map(|person| (person.clone(), Relation::Holder)).collect();
        if answers {
            ties.extend(self.owners.iter().map(|(person, _)| (person.clone(), Relation::Owner)));
        }
        let leads_to = if ties.is_empty() { LeadsTo::Nobody } else { LeadsTo::People(ties) };
        Grant::new(access, leads_to)
    }
}

fn last_use(at: Option<Instant>, precision: u32) -> Fact<Moment> {
    at.map_or(Fact::None, |at| Fact::Known(Moment::within(at, precision)))
}

impl AwsAccount {
    /// Everything the account's documents show.
    pub fn grants(&self) -> Vec<Grant> {
        let mut grants = Vec::new();
        for user in &self.users {
            self.of_user(user, &mut grants);
        }
        for role in &self.roles {
            self.of_role(role, &mut grants);
        }
        if self.has_report {
            // The root user belongs to nobody on a roster.
            let root = format!("arn:aws:iam::{}:root", self.account);
            for (scope, kind, id, status) in [
                ("iam.users", AccessKind::Account, root.clone(), Status::Enabled),
                ("iam.passwords", AccessKind::Password, format!("{root}/password"), Status::Unknown),
                ("iam.mfa-devices", AccessKind::MfaDevice, format!("{root}/mfa"), Status::Enabled),
            ] {
                grants.push(Grant::new(Access::new(scope.into(), kind, id.as_str().into(), status), LeadsTo::Nobody));
            }
        }
        grants
    }

    fn of_user(&self, user: &AwsUser, grants: &mut Vec<Grant>) {
        let mut account = user.grant("iam.users", AccessKind::Account, &user.id, Status::Enabled, true);
        account.access.created_at = Fact::Known(Moment::exact(user.created));
        grants.push(account);
        for group in &user.groups {
            let Some((group_id, _)) = self.groups.get(group) else { continue };
            let id = format!("{}/{group_id}", user.id);
            let mut grant = user.grant("iam.groups", AccessKind::GroupMembership, &id, Status::Enabled, false);
            grant.access.privilege = Privilege::Write;
            grants.push(grant);
        }
        for (policy, privilege) in &user.policies {
            let id = format!("{}/arn:aws:iam::aws:policy/{policy}", user.id);
            let mut grant = user.grant("iam.policies", AccessKind::RoleBinding, &id, Status::Enabled, false);
            grant.access.privilege = *privilege;
            grants.push(grant);
        }
        if !self.has_report {
            return;
        }
        let arn = user.arn(&self.account);
        if let Some((used, changed)) = user.password {
            let id = format!("{arn}/password");
            let mut grant = user.grant("iam.passwords", AccessKind::Password, &id, Status::Enabled, true);
            grant.access.last_used_at = last_use(used, PASSWORD_PRECISION);
            grant.access.rotated_at = Fact::Known(Moment::exact(changed));
            grants.push(grant);
        }
        if user.mfa {
            let id = format!("{arn}/mfa");
            let mut grant = user.grant("iam.mfa-devices", AccessKind::MfaDevice, &id, Status::Enabled, true);
            grant.access.privilege = Privilege::None;
            grants.push(grant);
        }
        for (slot, key) in user.keys.iter().enumerate() {
            let id = if self.has_key_lists { key.id.clone() } else { format!("{arn}/access-key-{}", slot + 1) };
            let status = if key.active { Status::Enabled } else { Status::Disabled };
            let mut grant = user.grant("iam.access-keys", AccessKind::AccessKey, &id, status, true);
            grant.access.created_at = Fact::Known(Moment::exact(key.created));
            grant.access.last_used_at = last_use(key.last_used, KEY_PRECISION);
            grants.push(grant);
        }
    }

    fn of_role(&self, role: &AwsRole, grants: &mut Vec<Grant>) {
        for name in &role.trusts {
            let Some(user) = self.users.iter().find(|user| user.name == *name) else { continue };
            let id = format!("{}/{}", role.id, user.id);
            let mut binding = user.grant("iam.role-trusts", AccessKind::RoleBinding, &id, Status::Enabled, false);
            binding.access.privilege = Privilege::Write;
            grants.push(binding);
        }
    }
}
