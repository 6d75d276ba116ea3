//! Refresh tokens, by application and by authorisation server. A token that stands in both lists is one record.

use std::sync::Arc;

use scan_contract::{Cause, Outlet};

use super::Reader;
use super::apps::{Listed, gone, part_of};
use super::lane::{Lane, Part, Refused};
use super::side_by_side::side_by_side;
use crate::client::{Found, Page, Shape};
use crate::scopes::REFRESH_TOKENS;
use crate::tell;
use crate::text::{Damage, short};
use crate::wire::{App, AuthorizationServer, Client, RefreshToken};

/// Tokens a page. Okta gives no more.
const PAGE: u16 = 200;

/// Reads the tokens of every application that can have some, then those of every authorisation server.
pub(super) async fn read(reader: &Arc<Reader>, outlet: &Arc<Outlet>, listed: &Listed) -> Result<(), Cause> {
    let mut lane = Lane::new(outlet, REFRESH_TOKENS);
    lane.open(super::lane::now(reader)).await?;
    let apps = listed.that_speak_oauth();
    let parts = apps.len();
    let found = side_by_side(apps, reader.at_once(), |app| {
        let (reader, outlet) = (Arc::clone(reader), Arc::clone(outlet));
        async move {
            let parts = [String::from("apps"), app.id.clone(), String::from("tokens")];
            read_list(&reader, &outlet, &parts, part_of(&app), Some(&app)).await
        }
    })
    .await?;
    let mut refused = Vec::new();
    for part in found {
        lane.words.absorb(part.words);
        refused.extend(part.refused);
    }
    lane.parts(parts, refused).await?;
    if let Some(cause) = &listed.incomplete {
        lane.fail(cause.clone()).await?;
    }
    read_servers(reader, outlet, listed, &mut lane).await?;
    lane.end().await
}

async fn read_servers(
    reader: &Arc<Reader>,
    outlet: &Arc<Outlet>,
    listed: &Listed,
    lane: &mut Lane<'_>,
) -> Result<(), Cause> {
    let all = String::from("authorization servers");
    let servers = match list::<AuthorizationServer>(reader, &["authorizationServers"], &[("limit", "200")]).await {
        Ok(Found::There(servers)) => servers,
        // API Access Management is bought apart: without it there are no servers but the organisation's own.
        Ok(Found::Gone) | Err(Cause::NotOnPlan { .. }) => {
            return outlet.notice("okta: this organisation has no authorization servers of its own").await;
        }
        Err(cause) => return lane.part(all, cause).await,
    };
    for server in servers {
        let part =
            format!("authorization server {} ({})", short(&server.id), short(server.name.as_deref().unwrap_or("-")));
        let clients = match list::<Client>(reader, &["authorizationServers", &server.id, "clients"], &[]).await {
            Ok(Found::There(clients)) => clients,
            Ok(Found::Gone) => {
                let what = String::from("Okta lists the server, and says it does not exist");
                lane.part(part, Cause::NotSupported { what }).await?;
                continue;
            }
            Err(cause) => {
                lane.part(part, cause).await?;
                continue;
            }
        };
        let found = side_by_side(clients, reader.at_once(), |client| {
            let (reader, outlet) = (Arc::clone(reader), Arc::clone(outlet));
            let app =
                listed.apps.iter().find(|(app, _)| app.client_id() == client.client_id).map(|(app, _)| Arc::clone(app));
            let part = format!("{part}, client {}", short(&client.client_id));
            let parts = ["authorizationServers", &server.id, "clients", &client.client_id, "tokens"].map(String::from);
            async move { read_list(&reader, &outlet, &parts, part, app.as_deref()).await }
        })
        .await?;
        for Part { words, refused } in found {
            lane.words.absorb(words);
            if let Some(Refused { part, cause }) = refused {
                lane.part(part, cause).await?;
            }
        }
    }
    Ok(())
}

/// A short list in whole: servers, clients. An element that cannot be decoded fails it, since what hangs from it would
/// be missed.
async fn list<T: serde::de::DeserializeOwned>(
    reader: &Reader,
    parts: &[&str],
    query: &[(&str, &str)],
) -> Result<Found<Vec<T>>, Cause> {
    let parts: Vec<&str> = ["api", "v1"].into_iter().chain(parts.iter().copied()).collect();
    let mut walk = reader.client.walk(&parts, query, Shape::Array)?;
    let mut all = Vec::new();
    while let Some(page) = walk.page::<T>().await? {
        let Found::There(page) = page else { return Ok(Found::Gone) };
        let operation = page.operation;
        for element in page.elements {
            all.push(element.map_err(|damaged| Cause::Malformed {
                what: format!("{operation}: element {}: {}", damaged.position, damaged.why),
            })?);
        }
    }
    Ok(Found::There(all))
}

async fn read_list(
    reader: &Reader,
    outlet: &Outlet,
    parts: &[String],
    part: String,
    app: Option<&App>,
) -> Result<Part, Cause> {
    let mut lane = Lane::new(outlet, REFRESH_TOKENS);
    let parts: Vec<&str> = ["api", "v1"].into_iter().chain(parts.iter().map(String::as_str)).collect();
    let mut walk = match reader.client.walk(&parts, &[("limit", &reader.page_of(PAGE))], Shape::Array) {
        Ok(walk) => walk,
        Err(cause) => return Ok(lane.refused(part, cause)),
    };
    let mut pages = 0;
    loop {
        match walk.page::<RefreshToken>().await {
            Ok(Some(Found::There(page))) => take(&mut lane, app, page).await?,
            Ok(None) => break,
            Ok(Some(Found::Gone)) => {
                if let Some(app) = app {
                    gone(reader, &lane, app).await?;
                } else {
                    let what = String::from("Okta lists the client, and says it does not exist");
                    lane.part(part, Cause::NotSupported { what }).await?;
                }
                break;
            }
            Err(cause) if pages == 0 => return Ok(lane.refused(part, cause)),
            Err(cause) => {
                lane.part(part, cause).await?;
                break;
            }
        }
        pages += 1;
    }
    Ok(lane.into_part())
}

async fn take(lane: &mut Lane<'_>, app: Option<&App>, page: Page<RefreshToken>) -> Result<(), Cause> {
    let scope = lane.name.clone();
    let mut damage = Damage::new(&scope);
    let mut records = Vec::with_capacity(page.elements.len());
    for element in &page.elements {
        match element {
            Ok(token) => records.push(tell::refresh_token(token, app, &mut damage, &mut lane.words, &scope)),
            Err(damaged) => damage.element(damaged, page.operation, page.number),
        }
    }
    let cursor = page.cursor;
    lane.page(records, damage.into_gaps(), cursor).await
}
