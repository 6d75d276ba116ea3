//! Users of Identity Center, page by page.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use aws_sdk_identitystore::types::User;
use scan_contract::{
    Access, AccessKind, AsOf, AsOfSource, Cause, Cursor, EndProof, ExternalIdentity, Fact, Gap, GrantId, Holder,
    Outlet, ProofKind, Relation, Scope, ScopeName, Status,
};

use crate::live::bulk::pages::{Turn, Walk};
use crate::live::bulk::rows::{instant, stamp};
use crate::live::center::{Center, Instance, key};
use crate::live::scopes::{ASSIGNMENTS, CENTER_USERS, follow_up, name};
use crate::text::short;

const OPERATION: &str = "identitystore:ListUsers";

impl Center {
    /// Reads all users, if Identity Center is read at all.
    pub(crate) async fn read_users(&self, outlet: &Outlet) -> Result<(), Cause> {
        if self.region().is_none() {
            return Ok(());
        }
        let scope = name(&self.settings.account, CENTER_USERS);
        let started = self.account.door.now();
        let instances = match self.instances().await {
            Ok(instances) => instances,
            Err(cause) => return outlet.gap(Gap::scope(&scope, cause)).await,
        };
        if instances.own.is_empty() {
            let cause = if instances.foreign == 0 {
                Cause::NotOnPlan { what: String::from("IAM Identity Center is not set up in this region") }
            } else {
                let what =
                    format!("an instance of Identity Center of this account; {} belong to others", instances.foreign);
                Cause::NotSeen { what }
            };
            return outlet.gap(Gap::scope(&scope, cause)).await;
        }
        outlet.open(&scope, Some(AsOf { at: started, source: AsOfSource::Stated })).await?;
        let mut whole = true;
        for instance in &instances.own {
            whole &= self.read_instance(instance, &scope, outlet).await?;
        }
        if whole {
            self.users_known.store(true, Ordering::Relaxed);
            outlet.seal(&scope, EndProof { kind: ProofKind::LastPage, announced: None, sha256: None }).await?;
        }
        Ok(())
    }

    /// Whether the list was read to its end.
    async fn read_instance(&self, instance: &Instance, scope: &ScopeName, outlet: &Outlet) -> Result<bool, Cause> {
        let Some(region) = self.region() else { return Ok(false) };
        let (asker, client) = self.account.identity_store(region);
        let mut walk = Walk::new(OPERATION);
        let mut next: Option<String> = None;
        loop {
            let request = || {
                client
                    .list_users()
                    .identity_store_id(&instance.store)
                    .max_results(100)
                    .set_next_token(next.clone())
                    .send()
            };
            let answer = match asker.ask(OPERATION, request).await {
                Ok(answer) => answer,
                Err(failure) => {
                    outlet.gap(Gap::scope(scope, failure.cause)).await?;
                    return Ok(false);
                }
            };
            self.take_page(&answer.users, instance, scope, walk.pages(), outlet).await?;
            match walk.turn(Turn::token(answer.next_token.as_deref())) {
                Ok(Some(mark)) => next = Some(mark),
                Ok(None) => return Ok(true),
                Err(cause) => {
                    outlet.gap(Gap::scope(scope, cause)).await?;
                    return Ok(false);
                }
            }
        }
    }

    async fn take_page(
        &self,
        users: &[User],
        instance: &Instance,
        scope: &ScopeName,
        page: usize,
        outlet: &Outlet,
    ) -> Result<(), Cause> {
        let mut records = Vec::new();
        let mut follow_ups: Vec<Scope> = Vec::new();
        for (index, user) in users.iter().enumerate() {
            if user.user_id.is_empty() {
                let what = format!("{OPERATION}: page {}, user {} has no id", page + 1, index + 1);
                let part = format!("page {}, user {}", page + 1, index + 1);
                outlet.gap(Gap::part(scope, part, Cause::Malformed { what })).await?;
                continue;
            }
            let (access, odd) = account_of(user, scope);
            if let Some(cause) = odd {
                outlet.gap(Gap::part(scope, short(&user.user_id, 80), cause)).await?;
            }
            if access.status == Status::Disabled {
                let changed = user.updated_at.as_ref().and_then(instant);
                let mut disabled = self.disabled.lock().unwrap_or_else(PoisonError::into_inner);
                disabled.insert(user.user_id.clone(), changed);
            }
            let key = key(&instance.store, &user.user_id);
            follow_ups.push(follow_up(&self.settings.account, ASSIGNMENTS, &key, access.holders.first()));
            records.push(access);
        }
        if !records.is_empty() {
            outlet.page(records, Cursor(format!("{}/{page}", instance.store))).await?;
            outlet.scopes(follow_ups).await?;
        }
        Ok(())
    }
}

/// The account of one user, and a status word that is not known.
fn account_of(user: &User, scope: &ScopeName) -> (Access, Option<Cause>) {
    let word = user.user_status.as_ref().map(|status| status.as_str().to_owned());
    let (status, odd) = match word.as_deref() {
        Some("ENABLED") => (Status::Enabled, None),
        Some("DISABLED") => (Status::Disabled, None),
        None => (Status::Unknown, None),
        Some(other) => (
            Status::Unknown,
            Some(Cause::UnknownWord {
                field: String::from("UserStatus"),
                word: short(other, 40),
                rows: 1,
                first: short(&user.user_id, 80),
            }),
        ),
    };
    let mut access = Access::new(scope.clone(), AccessKind::Account, GrantId::from(user.user_id.as_str()), status);
    access.status_text = match &odd {
        Some(_) => word.map(|word| short(&word, 40)),
        None if word.is_none() => Some(String::from("no UserStatus in the answer")),
        None => None,
    };
    let mut holder = Holder::new(Relation::Holder);
    holder.provider_id = Some(user.user_id.clone());
    holder.login.clone_from(&user.user_name);
    holder.name.clone_from(&user.display_name);
    holder.email = user
        .emails()
        .iter()
        .find(|email| email.primary)
        .or_else(|| user.emails().first())
        .and_then(|email| email.value.clone());
    holder.external =
        user.external_ids().first().map(|external| ExternalIdentity { id: external.id.clone(), system: None });
    access.grant_display = Some(format!("Identity Center user {}", user.user_name.as_deref().unwrap_or(&user.user_id)));
    access.holders = vec![holder];
    access.privilege_reason = Some(String::from("by its permission sets, which are read where a person matters"));
    access.created_at = stamp(user.created_at.as_ref()).fact("CreatedAt");
    access.last_used_at = Fact::Hidden(String::from("Identity Center does not list sign-ins"));
    access.expires_at = Fact::None;
    for external in user.external_ids() {
        access.evidence.push(format!("known to {} as {}", short(&external.issuer, 120), short(&external.id, 120)));
    }
    (access, odd)
}

#[cfg(test)]
mod tests {
    use aws_sdk_identitystore::types::{Email, UserStatus};

    use super::*;

    fn user(status: Option<UserStatus>) -> User {
        User::builder()
            .identity_store_id("d-1")
            .user_id("u-1")
            .user_arn("arn")
            .revision("1")
            .user_name("ana")
            .emails(Email::builder().value("old@acme.example").build())
            .emails(Email::builder().value("ana@acme.example").primary(true).build())
            .set_user_status(status)
            .build()
            .expect("a user")
    }

    #[test]
    fn the_switch_of_a_user_is_read_and_an_unknown_word_is_a_gap() {
        let scope = ScopeName::from("x");
        let (on, none) = account_of(&user(Some(UserStatus::Enabled)), &scope);
        assert_eq!((on.status, none), (Status::Enabled, None));
        assert_eq!(on.holders[0].email.as_deref(), Some("ana@acme.example"), "the primary address");
        assert_eq!(account_of(&user(Some(UserStatus::Disabled)), &scope).0.status, Status::Disabled);
        let (odd, cause) = account_of(&user(Some(UserStatus::from("FROZEN"))), &scope);
        assert_eq!((odd.status, odd.status_text.as_deref()), (Status::Unknown, Some("FROZEN")));
        assert!(matches!(cause, Some(Cause::UnknownWord { .. })));
        assert_eq!(account_of(&user(None), &scope).0.status, Status::Unknown);
    }
}
