//! Relations that give nothing by a kind of access: no rule has to look at them.

use scan_contract::{AccessKind, Relation};

/// Whether such a relation gives nothing by this kind of access: whoever made one of these keeps no copy of it, and
/// whoever keeps one learns no secret.
pub(super) fn gives_nothing(kind: AccessKind, relation: Relation) -> bool {
    match relation {
        Relation::Creator => matches!(
            kind,
            AccessKind::Session
                | AccessKind::MfaDevice
                | AccessKind::RoleBinding
                | AccessKind::GroupMembership
                | AccessKind::License
        ),
        // What is delegated can be read by its reader: a mailbox, say.
        Relation::Reader if kind == AccessKind::Delegation => false,
        Relation::Reader | Relation::Custodian => matches!(
            kind,
            AccessKind::Session
                | AccessKind::OauthGrant
                | AccessKind::RoleBinding
                | AccessKind::GroupMembership
                | AccessKind::Ownership
                | AccessKind::Delegation
                | AccessKind::Automation
                | AccessKind::License
        ),
        Relation::Owner => kind == AccessKind::Session,
        Relation::Approver => matches!(kind, AccessKind::Session | AccessKind::License),
        Relation::Holder | Relation::RunAs => false,
    }
}
