//! Second looks: one question for one access.

use std::sync::{Arc, PoisonError};

use scan_contract::{AccessRef, Cause, Look};
use serde::de::IgnoredAny;

use super::tokens::{ByAccessor, is_gone};
use crate::client::{Client, decode};
use crate::mount::Namespace;
use crate::names;
use crate::scanner::Inner;
use crate::scopes::{ALIASES, ENTITY, TOKENS};
use crate::target::Target;
use crate::wire::Entity;

/// Looks again.
pub(super) async fn look(inner: &Arc<Inner>, access: &AccessRef) -> Result<Look, Cause> {
    let mut parts = access.scope.as_str().split('/');
    let (Some(word), Some(kind)) = (parts.next(), parts.next()) else { return Ok(Look::NotOffered) };
    let Some(namespace) = names::decode(word).map(|word| Namespace::of(&word)) else { return Ok(Look::NotOffered) };
    let id = access.grant_id.as_str();
    let client = &inner.client;
    let looked = match kind {
        ENTITY => entity(client, &namespace, id).await,
        ALIASES => alias(client, &namespace, id).await,
        TOKENS => {
            let known = inner.accessors.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
            match known {
                Some((namespace, accessor)) => token(client, &namespace, &accessor).await,
                // Only its digest is known from earlier runs.
                None => return Ok(Look::NotOffered),
            }
        }
        _ => return Ok(Look::NotOffered),
    };
    match looked {
        Ok(look) => Ok(look),
        Err(Cause::Stopped) => Err(Cause::Stopped),
        Err(cause) => Ok(Look::CannotTell(cause)),
    }
}

async fn entity(client: &Client, namespace: &Namespace, id: &str) -> Result<Look, Cause> {
    let found: Option<Entity> = client.read(namespace, &Target::of("identity/entity/id").name(id)).await?;
    Ok(match found {
        None => Look::Gone,
        Some(entity) if entity.disabled == Some(true) => Look::Disabled,
        Some(_) => Look::Present,
    })
}

async fn alias(client: &Client, namespace: &Namespace, id: &str) -> Result<Look, Cause> {
    let found: Option<IgnoredAny> = client.read(namespace, &Target::of("identity/entity-alias/id").name(id)).await?;
    Ok(if found.is_some() { Look::Present } else { Look::Gone })
}

async fn token(client: &Client, namespace: &Namespace, accessor: &str) -> Result<Look, Cause> {
    let target = Target::of("auth/token/lookup-accessor");
    Ok(match client.hear_post(namespace, &target, &ByAccessor { accessor }).await? {
        heard if is_gone(&heard) => Look::Gone,
        heard => match decode::<IgnoredAny>(namespace, &target, heard, "update")? {
            Some(_) => Look::Present,
            None => Look::Gone,
        },
    })
}
