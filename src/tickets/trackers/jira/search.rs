//! Finding issues by label, to the last page.

use http::Method;
use scan_contract::Cause;
use scan_transport::walk::Walk;
use serde_json::json;

use super::super::super::tracker::{Remote, TicketKey, TrackerError};
use super::super::client::{hidden, json as with_body, malformed};
use super::super::settings::JiraFlavour;
use super::Tracker;
use super::wire::Page;
use std::sync::PoisonError;

/// Keys of one search.
const KEYS: usize = 50;
/// Issues a page.
const PAGE: u64 = 100;
/// Fields that are asked for; without any, Cloud gives ids alone.
const FIELDS: [&str; 4] = ["status", "resolution", "resolutiondate", "labels"];

pub(super) async fn find(tracker: &Tracker, keys: &[TicketKey]) -> Result<Vec<Remote>, TrackerError> {
    let mut found = Vec::new();
    for some in keys.chunks(KEYS) {
        let read = match tracker.settings.flavour {
            JiraFlavour::Cloud => cloud(tracker, some).await?,
            JiraFlavour::DataCenter => data_center(tracker, some).await?,
        };
        for remote in read {
            super::super::github::note(&mut found, remote);
        }
    }
    Ok(found)
}

/// Keys hold nothing that JQL reads; the key of the project is quoted, since some are words of the language.
fn jql(tracker: &Tracker, keys: &[TicketKey]) -> String {
    let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let keys: Vec<String> = keys.iter().map(|key| quote(key.as_str())).collect();
    format!("project = {} AND labels in ({}) ORDER BY id ASC", quote(&tracker.settings.project), keys.join(", "))
}

async fn page(tracker: &Tracker, segments: &[&str], body: &serde_json::Value) -> Result<Page, TrackerError> {
    let reply = tracker.client.send(with_body(Method::POST, tracker.url(segments, &[])?, body)?).await?;
    Tracker::is_us(&reply)?;
    if reply.status.as_u16() != 200 {
        // A project that we may not see is a value that does not exist, and 400.
        return Err(tracker.client.refused(&reply));
    }
    let page: Page = reply.json().map_err(TrackerError::NotDone)?;
    if !page.warnings.is_empty() {
        return Err(malformed(reply.operation, "Jira did not understand a part of the search"));
    }
    Ok(page)
}

/// What a page holds. An issue without any of the labels means that the search was not obeyed.
fn take(tracker: &Tracker, page: &Page, keys: &[TicketKey], found: &mut Vec<Remote>) -> Result<(), TrackerError> {
    for issue in &page.issues {
        let remote = tracker.shown(issue, keys);
        if remote.keys.is_empty() {
            // An issue that was named in `reconcileIssues` comes only if it fits, too.
            return Err(malformed("search of Jira", "an issue without a label that was asked for"));
        }
        super::super::github::note(found, remote);
    }
    Ok(())
}

async fn cloud(tracker: &Tracker, keys: &[TicketKey]) -> Result<Vec<Remote>, TrackerError> {
    let recent: Vec<u64> = tracker.recent.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
    let mut walk = Walk::new("POST /rest/api/3/search/jql").at_most(1_000);
    let mut token: Option<String> = None;
    let mut found = Vec::new();
    loop {
        let mut body = json!({ "jql": jql(tracker, keys), "fields": FIELDS, "maxResults": PAGE });
        if !recent.is_empty() {
            body["reconcileIssues"] = json!(recent);
        }
        if let Some(token) = &token {
            body["nextPageToken"] = json!(token);
        }
        let page = page(tracker, &["search", "jql"], &body).await?;
        take(tracker, &page, keys, &mut found)?;
        if page.next.is_none() && page.last == Some(false) {
            return Err(hidden("Jira says that there are more issues, and gives no token for them"));
        }
        token = walk.next(page.next).map_err(TrackerError::NotDone)?;
        if token.is_none() {
            return Ok(found);
        }
    }
}

async fn data_center(tracker: &Tracker, keys: &[TicketKey]) -> Result<Vec<Remote>, TrackerError> {
    let mut found = Vec::new();
    let mut read = 0_u64;
    loop {
        let body = json!({ "jql": jql(tracker, keys), "fields": FIELDS, "startAt": read, "maxResults": PAGE });
        let page = page(tracker, &["search"], &body).await?;
        take(tracker, &page, keys, &mut found)?;
        let Some(total) = page.total else { return Err(hidden("Jira names no total of a search")) };
        let now = page.issues.len() as u64;
        read += now;
        if read >= total {
            return Ok(found);
        }
        if now == 0 {
            let what = String::from("issues of a search in Jira");
            return Err(TrackerError::NotDone(Cause::CountDiffers { what, announced: total, found: read }));
        }
    }
}
