//! The trackers themselves: one file each, over the one door to the network.
//!
//! | file | what it speaks |
//! |---|---|
//! | [`settings`] | what the configuration says about each |
//! | `client`, `sign_in`, `list` | what all of them do alike |
//! | [`jira`] | Jira Cloud (v3) and Data Center (v2) |
//! | [`servicenow`] | ServiceNow's Table API |
//! | [`github`] | GitHub Issues; `github_app` signs in as an App |
//! | [`gitlab`] | GitLab issues |
//! | [`request_tracker`] | Request Tracker 5, REST 2 |
//! | [`redmine`] | Redmine |
//! | [`pagerduty`] | PagerDuty, Events API v2 |
//! | [`alertmanager`] | Alertmanager, API v2 |
//! | [`slack`] | an incoming webhook of Slack |
//! | [`webhook`] | our own signed messages |
//!
//! Each has one static [`AllowList`]: reading goes through [`scan_transport::Door::send`], changing through
//! [`scan_transport::Door::write`]. None of them may take an answer that could hide a ticket for "there is none", repeat a
//! creation that may have happened, or show a secret, an address with one in it, or the body of an answer.

pub mod alertmanager;
mod client;
pub mod github;
mod github_app;
pub mod gitlab;
pub mod jira;
mod list;
pub mod pagerduty;
pub mod redmine;
pub mod request_tracker;
pub mod servicenow;
pub mod settings;
mod sign_in;
pub mod slack;
pub mod webhook;

use std::sync::Arc;

use scan_contract::{Cause, Instant};
use scan_transport::{AllowList, Dialect, Door, OriginRule, PaceSettings, Secrets, Settings};
use url::Url;

use super::settings::{TrackerConfig, TrackerId};
use super::tracker::Channel;
use settings::{Kind, Place};

/// What trackers need from outside.
#[derive(Clone)]
pub struct Ways {
    /// Fetches secrets.
    pub secrets: Arc<dyn Secrets>,
    /// Tells the time.
    pub now: Arc<dyn Fn() -> Instant + Send + Sync>,
}

/// A tracker that was configured, opened.
pub struct Opened {
    /// Its name.
    pub id: TrackerId,
    /// Where to send to, or why it cannot be opened.
    pub channel: Result<Channel, Cause>,
}

/// Opens all trackers, in the order of the file. Nothing is sent, and no secret is fetched yet.
pub fn build(trackers: &[TrackerConfig], ways: &Ways) -> Vec<Opened> {
    let open = |config: &TrackerConfig| Opened {
        id: config.route.id.clone(),
        channel: open(&config.route.id, &config.place, ways),
    };
    trackers.iter().map(open).collect()
}

/// Opens one tracker.
///
/// # Errors
/// A connection that cannot hold: plain text to what is not loopback, roots that cannot be read.
pub fn open(id: &TrackerId, place: &Place, ways: &Ways) -> Result<Channel, Cause> {
    let door = |addresses: &[&Url], list, dialect| door(id, place, addresses, list, dialect, ways);
    Ok(match &place.kind {
        Kind::Jira(jira) => Channel::Tracker(Box::new(jira::Tracker::new(
            jira.clone(),
            door(&[&jira.url], jira::list(jira.flavour), Dialect::Plain)?,
            ways,
        ))),
        Kind::ServiceNow(settings) => Channel::Tracker(Box::new(servicenow::Tracker::new(
            settings.clone(),
            door(&[&settings.url], &servicenow::ALLOW, Dialect::Plain)?,
            ways,
        ))),
        Kind::GitHub(settings) => {
            let rest = github::rest(&settings.url);
            let door = door(&[&rest], &github::ALLOW, Dialect::GitHub)?;
            Channel::Tracker(Box::new(github::Tracker::new(settings.clone(), rest, &door, ways)))
        }
        Kind::GitLab(settings) => Channel::Tracker(Box::new(gitlab::Tracker::new(
            settings.clone(),
            &door(&[&settings.url], &gitlab::ALLOW, Dialect::Plain)?,
            ways,
        ))),
        Kind::RequestTracker(settings) => Channel::Tracker(Box::new(request_tracker::Tracker::new(
            settings.clone(),
            &door(&[&settings.url], &request_tracker::ALLOW, Dialect::Plain)?,
            ways,
        ))),
        Kind::Redmine(settings) => Channel::Tracker(Box::new(redmine::Tracker::new(
            settings.clone(),
            &door(&[&settings.url], &redmine::ALLOW, Dialect::Plain)?,
            ways,
        ))),
        Kind::PagerDuty(settings) => Channel::Sink(Box::new(pagerduty::Sink::new(
            settings,
            door(&[&settings.url], &pagerduty::ALLOW, Dialect::Plain)?,
            ways,
        ))),
        Kind::Alertmanager(settings) => {
            let addresses: Vec<&Url> = settings.urls.iter().collect();
            let door = door(&addresses, &alertmanager::ALLOW, Dialect::Plain)?;
            Channel::Sink(Box::new(alertmanager::Sink::new(settings.clone(), &door, ways)))
        }
        Kind::Slack(settings) => Channel::Sink(Box::new(slack::Sink::new(
            settings,
            door(&[&settings.origin], &slack::ALLOW, Dialect::Plain)?,
            ways,
        ))),
        Kind::Webhook(settings) => Channel::Sink(Box::new(webhook::Sink::new(
            settings,
            &door(&[&settings.url], &webhook::ALLOW, Dialect::Plain)?,
            ways,
        ))),
    })
}

fn door(
    id: &TrackerId,
    place: &Place,
    addresses: &[&Url],
    list: &'static AllowList,
    dialect: Dialect,
    ways: &Ways,
) -> Result<Door, Cause> {
    let mut connection = place.connection.clone();
    // One ticket after the other, and slowly: what we send, people read.
    let usual = PaceSettings { per_second: 2.0, burst: 10, in_flight: 2, ..PaceSettings::default() };
    connection.pace = Some(connection.pace.unwrap_or(usual));
    let rule = |url: &&Url| OriginRule::of(url, connection.reach());
    let origins: Vec<OriginRule> = addresses.iter().filter_map(rule).collect();
    if origins.len() != addresses.len() {
        return Err(Cause::Bug { what: format!("tracker {id}: an address without a host") });
    }
    Door::open(Settings::new(id.as_str(), origins, dialect, connection), list, Arc::clone(&ways.now))
}

/// The lists of all trackers, for tests and documents.
pub fn lists() -> [&'static AllowList; 11] {
    use settings::JiraFlavour;
    [
        jira::list(JiraFlavour::Cloud),
        jira::list(JiraFlavour::DataCenter),
        &servicenow::ALLOW,
        &github::ALLOW,
        &gitlab::ALLOW,
        &request_tracker::ALLOW,
        &redmine::ALLOW,
        &pagerduty::ALLOW,
        &alertmanager::ALLOW,
        &slack::ALLOW,
        &webhook::ALLOW,
    ]
}
