//! API tokens: one list tells the whole organisation.

use std::collections::HashMap;
use std::sync::Arc;

use scan_contract::{Access, Cause, Outlet, Privilege};

use super::Reader;
use super::lane::Lane;
use super::roles::reach_of_user;
use super::side_by_side::side_by_side;
use crate::client::{Found, Shape};
use crate::scopes::API_TOKENS;
use crate::tell;
use crate::text::{Damage, short};
use crate::wire::ApiToken;

/// How far a token reaches, and what of that could not be read.
type OwnerReach = ((Privilege, String), Option<Cause>);

/// Reads the tokens. Each reaches as far as the roles of whoever made it, which are asked for once a person.
pub(crate) async fn read(reader: &Arc<Reader>, outlet: &Arc<Outlet>) -> Result<(), Cause> {
    let mut lane = Lane::new(outlet, API_TOKENS);
    let mut walk = reader.client.walk(&["api", "v1", "api-tokens"], &[], Shape::Array)?;
    loop {
        let page = match walk.page::<ApiToken>().await {
            Ok(Some(Found::There(page))) => page,
            Ok(None) => break,
            Ok(Some(Found::Gone)) => {
                let what = String::from("this organisation has no list of API tokens");
                lane.fail(Cause::NotSupported { what }).await?;
                break;
            }
            Err(cause) => {
                lane.fail(cause).await?;
                break;
            }
        };
        lane.open(page.as_of).await?;
        let scope = lane.name.clone();
        let mut damage = Damage::new(&scope);
        let mut records = Vec::new();
        for element in &page.elements {
            match element {
                Ok(token) => records.push(tell::api_token(token, &mut damage, &scope)),
                Err(damaged) => damage.element(damaged, page.operation, page.number),
            }
        }
        let mut gaps = damage.into_gaps();
        let reaches = reaches(reader, &records).await?;
        let mut unread = Damage::new(&scope);
        for (owner, (_, cause)) in &reaches {
            if let Some(cause) = cause {
                unread.part(&format!("roles of {}", short(owner)), cause.clone());
            }
        }
        gaps.extend(unread.into_gaps());
        for record in &mut records {
            let owner = record.parent.as_ref().map(|parent| String::from(parent.as_str()));
            if let Some(((privilege, reason), _)) = owner.and_then(|owner| reaches.get(&owner)) {
                record.privilege = *privilege;
                record.privilege_reason = Some(reason.clone());
            }
        }
        lane.page(records, gaps, page.cursor).await?;
    }
    lane.end().await
}

async fn reaches(reader: &Arc<Reader>, records: &[Access]) -> Result<HashMap<String, OwnerReach>, Cause> {
    let mut owners: Vec<String> = records
        .iter()
        .filter_map(|record| record.parent.as_ref())
        .map(|parent| String::from(parent.as_str()))
        .collect();
    owners.sort_unstable();
    owners.dedup();
    let found = side_by_side(owners, reader.at_once(), |owner| {
        let reader = Arc::clone(reader);
        async move {
            let reach = match reach_of_user(&reader, &owner).await {
                Ok(found) => {
                    let cause = found.unread.into_iter().next();
                    let reach = found.furthest.map_or_else(
                        || (Privilege::Read, String::from("its user has no administrator role")),
                        |reach| (reach.privilege, format!("the rights of its user: {}", reach.reason)),
                    );
                    (reach, cause)
                }
                Err(cause) => {
                    ((Privilege::Unknown, String::from("the roles of its user could not be read")), Some(cause))
                }
            };
            Ok((owner, reach))
        }
    })
    .await?;
    Ok(found.into_iter().collect())
}
