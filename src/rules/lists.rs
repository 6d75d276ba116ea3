//! Lists an operator keeps: a rule is never edited to tune it.

use std::collections::{BTreeMap, HashSet};

use scan_contract::{Access, AccessKind, IdentifierKind};

use crate::normal;

/// Grants that a rule treats apart.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    /// (system, grant id).
    grants: HashSet<(Box<str>, Box<str>)>,
    /// (system, folded login).
    logins: HashSet<(Box<str>, Box<str>)>,
}

impl List {
    pub(super) fn add_grant(&mut self, system: &str, grant_id: &str) {
        self.grants.insert((system.into(), grant_id.into()));
    }

    pub(super) fn add_login(&mut self, system: &str, login: &str) {
        self.logins.insert((system.into(), normal::fold(login).into()));
    }

    /// Whether the grant, or the account it hangs from, is on the list. Logins are compared folded, with those of the
    /// holders that the system vouches for. An account in whose record no holder names a login at all is compared by
    /// its display text; of any other grant that text is what somebody chose, and puts nothing on a list.
    pub(super) fn holds(&self, system: &str, access: &Access) -> bool {
        if self.grants.is_empty() && self.logins.is_empty() {
            return false;
        }
        let grant = |id: &str| self.grants.contains(&(Box::from(system), Box::from(id)));
        let login = |text: &str| self.logins.contains(&(Box::from(system), normal::fold(text).into()));
        grant(access.grant_id.as_str())
            || access.parent.as_ref().is_some_and(|parent| grant(parent.as_str()))
            || Self::logins_of(access).any(login)
    }

    /// The logins of an access.
    fn logins_of(access: &Access) -> impl Iterator<Item = &str> {
        let names_one = access.holders.iter().any(|holder| holder.login.is_some());
        let display = (access.kind == AccessKind::Account && !names_one).then_some(access.grant_display.as_deref());
        let vouched = access.holders.iter().filter(|holder| holder.vouches_for(IdentifierKind::Login));
        vouched.filter_map(|holder| holder.login.as_deref()).chain(display.flatten())
    }

    /// How many entries it has.
    pub(super) fn len(&self) -> usize {
        self.grants.len() + self.logins.len()
    }
}

/// Every list by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists(BTreeMap<Box<str>, List>);

impl Lists {
    pub(super) fn put(&mut self, name: &str, list: List) {
        self.0.insert(name.into(), list);
    }

    pub(super) fn named(&self, name: &str) -> Option<&List> {
        self.0.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &List)> {
        self.0.iter().map(|(name, list)| (&**name, list))
    }
}

#[cfg(test)]
mod tests {
    use scan_contract::{GrantId, ScopeName, Status};

    use super::*;

    #[test]
    fn a_grant_is_found_by_its_id_its_account_or_its_login_in_its_own_system_only() {
        let mut list = List::default();
        list.add_grant("crm", "u-1");
        list.add_login("crm", "Svc-Deploy");
        let mut access =
            Access::new(ScopeName::from("accounts"), AccessKind::Account, GrantId::from("u-1"), Status::Enabled);
        assert!(list.holds("crm", &access));
        assert!(!list.holds("erp", &access), "another system");
        access.grant_id = GrantId::from("tok-1");
        assert!(!list.holds("crm", &access));
        access.parent = Some(GrantId::from("u-1"));
        assert!(list.holds("crm", &access), "a token of a listed account");
        access.parent = None;
        access.grant_display = Some(String::from("svc-deploy"));
        assert!(list.holds("crm", &access));
    }
}
