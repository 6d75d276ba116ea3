//! A grant read twice in one run: once in a list, once by a question about its holder. The question is the later and
//! closer look, so what it says stands, and the list's record of the same grant is left out. The same holds for a record
//! that a better id replaces (an access key that a report shows by its slot only).

use std::collections::HashSet;
use std::io;

use scan_contract::{Access, AccessKind, GrantId, Manifest, ScopeName};

use super::intake::Intake;

/// Grants of one system whose record in a list is left out.
#[derive(Debug, Default)]
pub struct Superseded {
    follow_ups: HashSet<ScopeName>,
    grants: HashSet<(AccessKind, GrantId)>,
}

impl Superseded {
    /// Finds them. Costs nothing where a system has no follow-ups.
    pub fn find(intake: &mut Intake, manifest: &Manifest) -> io::Result<Self> {
        let is_follow_up = |name: &ScopeName| manifest.scopes.iter().any(|kind| kind.is_follow_up(name.as_str()));
        let follow_ups: HashSet<ScopeName> = intake.scopes.keys().filter(|name| is_follow_up(name)).cloned().collect();
        let mut grants = HashSet::new();
        if !follow_ups.is_empty() {
            intake.pile.for_each(|access| {
                // A record that says nothing of whose it is cannot stand for one that does.
                let says_whose = !access.holders.is_empty() || access.parent.is_some();
                if follow_ups.contains(&access.scope) && says_whose {
                    grants.insert((access.kind, access.grant_id.clone()));
                    grants.extend(access.formerly.clone().map(|earlier| (access.kind, earlier)));
                }
                Ok(())
            })?;
        }
        Ok(Self { follow_ups, grants })
    }

    /// Whether this record is left out.
    pub fn holds(&self, access: &Access) -> bool {
        !self.grants.is_empty()
            && !self.follow_ups.contains(&access.scope)
            && self.grants.contains(&(access.kind, access.grant_id.clone()))
    }
}
