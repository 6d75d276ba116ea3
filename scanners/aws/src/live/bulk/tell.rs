//! Tells what one account gave in bulk, with the code that tells the documents. Runs on a thread of its own, since
//! thousands of policies are judged.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::TimeDelta;
use scan_contract::{Access, AccessKind, AsOf, AsOfSource, Cause, Fact, Instant, ProofKind, Scope, Status, SystemId};

use crate::arn::Arn;
use crate::live::bulk::lists::{Partly, ServiceCredential};
use crate::live::bulk::report::Fetched;
use crate::live::index::{Index, Known};
use crate::live::scopes::{
    EVENTS, FROM_DETAILS, FROM_REPORT, KEY_IDS, MFA_SERIALS, SERVICE_CREDENTIALS, SIGNING_CERTIFICATES, SSH_KEYS,
    SWEEP, follow_up,
};
use crate::live::settings::Settings;
use crate::policy::reach::Reaches;
use crate::policy::tables::tables;
use crate::read::details::Details;
use crate::read::load::{Loaded, Source};
use crate::read::report::{Cell, CertificateCells, KeyCells, Report, Row, Switch};
use crate::read::wire::Stamp;
use crate::scopes::{MFA_DEVICES, PASSWORDS, ROLES};
use crate::settings::{AccountId, Settings as DocumentSettings};
use crate::tell::people::People;
use crate::tell::{Beyond, Device, Reading, check, credentials, keys, roles, users};
use crate::text::{short, some_of};

/// A report is made of what AWS knew shortly before its time.
const REPORT_SETTLES: TimeDelta = TimeDelta::minutes(5);

/// What the calls gave.
pub(crate) struct Given {
    pub(crate) details: Result<Details, Cause>,
    pub(crate) report: Result<Fetched, Cause>,
    pub(crate) services: Result<Partly<Vec<ServiceCredential>>, Cause>,
    pub(crate) devices: Partly<HashMap<String, Vec<Device>>>,
    pub(crate) sessions: Partly<HashMap<String, i64>>,
    pub(crate) root_password: Result<Option<bool>, Cause>,
    /// When the walk began: what is read is at least as young.
    pub(crate) started: Instant,
    /// Who we are, for self-sighting.
    pub(crate) caller: String,
}

impl Given {
    /// Scopes that something was read for, with the instant each describes. Called before telling, so that a scope
    /// is open before its first record comes.
    pub(crate) fn open(&self) -> Vec<(&'static str, AsOf)> {
        let begun = AsOf { at: self.started, source: AsOfSource::Stated };
        let mut open = Vec::new();
        if self.details.is_ok() {
            open.extend(FROM_DETAILS.map(|kind| (kind, begun)));
        }
        if let Ok(fetched) = &self.report {
            let at = fetched.report.generated.map_or(
                AsOf {
                    at: self.started - TimeDelta::hours(crate::tell::REPORT_LAG_HOURS),
                    source: AsOfSource::Configured,
                },
                |at| AsOf { at, source: AsOfSource::Stated },
            );
            open.extend(FROM_REPORT.map(|kind| (kind, at)));
        }
        if self.services.is_ok() {
            open.push((SERVICE_CREDENTIALS, begun));
        }
        open
    }
}

/// What was told beyond the records.
pub(crate) struct Told {
    pub(crate) reading: Reading,
    pub(crate) index: Index,
    /// Users whose details can be asked for, in order.
    pub(crate) offers: Vec<Offer>,
}

/// Tells one account. An error is a defect of this crate.
pub(crate) fn tell(
    settings: &Settings,
    account: &AccountId,
    given: Given,
    sink: Box<dyn FnMut(Vec<Access>) -> bool + Send>,
) -> Result<Told, Cause> {
    let tables = tables().map_err(|what| Cause::Bug { what: what.to_owned() })?;
    let mut reading = Reading::streamed(account, &SWEEP, sink);
    for (kind, as_of) in given.open() {
        reading.open(kind, as_of);
    }
    let documents = documents(settings, account, given.started);
    let beyond = beyond(&given, &mut reading);
    let Given { details, report, services, started, caller, .. } = given;
    let loaded = Loaded {
        details: source(details),
        report: source_of_report(report, &mut reading),
        keys: Source::NotConfigured,
    };
    for (source, kinds) in [(loaded.details.failure(), &FROM_DETAILS[..]), (loaded.report.failure(), &FROM_REPORT[..])]
    {
        if let Some(cause) = source {
            reading.gap_in(kinds.iter().copied(), cause);
        }
    }
    if let Some(found) = check::foreign_account(&documents, &loaded) {
        reading.gap_in(SWEEP, &Cause::WrongSystem { declared: account.to_string(), found });
        reading.finish();
        return Ok(Told { reading, index: Index::default(), offers: Vec::new() });
    }
    let reaches = loaded.details.get().map(|details| Reaches::new(tables, details));
    let people = People::new(&documents, &loaded, reaches.as_ref());
    if let (Some(details), Some(reaches)) = (loaded.details.get(), reaches.as_ref()) {
        users::tell(details, &people, reaches, &mut reading);
        roles::tell(&documents, details, &people, reaches, &beyond, &mut reading);
        check::tell_details(details, &mut reading);
        see_ourselves(details, &caller, &mut reading);
        if !loaded.report.get().is_some_and(|report| report.rows.iter().any(Row::is_root)) {
            let arn = format!("arn:{}:iam::{account}:root", settings.partition.as_str());
            users::tell_root_by(&arn, "every account has a root user", &people, &mut reading);
        }
    }
    credentials::tell(&loaded, &people, &beyond, &mut reading);
    keys::tell(&documents, &loaded, &people, &beyond, &mut reading);
    tell_services(services, &people, &mut reading);
    seal(settings, &loaded, started, &mut reading);
    let (index, offers) = keep(&loaded, &people, &beyond);
    reading.finish();
    Ok(Told { reading, index, offers })
}

/// The documents' settings of this account: they are told by the same code.
fn documents(settings: &Settings, account: &AccountId, started: Instant) -> DocumentSettings {
    let mut documents = DocumentSettings::new(SystemId::from(settings.system.as_str()), account.clone(), started);
    documents.owner_tags.clone_from(&settings.owner_tags);
    documents.email_tags.clone_from(&settings.email_tags);
    documents
}

fn source<T>(read: Result<T, Cause>) -> Source<T> {
    match read {
        Ok(read) => Source::Read(read),
        Err(cause) => Source::Failed(cause),
    }
}

fn source_of_report(read: Result<Fetched, Cause>, reading: &mut Reading) -> Source<Report> {
    match read {
        Ok(fetched) => {
            for cause in &fetched.notes {
                reading.gap_in(FROM_REPORT, cause);
            }
            Source::Read(fetched.report)
        }
        Err(cause) => Source::Failed(cause),
    }
}

fn beyond(given: &Given, reading: &mut Reading) -> Beyond {
    if let Some(cause) = &given.sessions.broken {
        reading.gap(ROLES, Some(String::from("longest sessions of roles")), cause.clone());
    }
    if let Some(cause) = &given.devices.broken {
        reading.gap(MFA_DEVICES, Some(String::from("virtual devices")), cause.clone());
    }
    let root_password = match &given.root_password {
        Ok(said) => *said,
        Err(cause) => {
            reading.gap(PASSWORDS, Some(String::from("password of the root user")), cause.clone());
            None
        }
    };
    Beyond {
        live: true,
        longest_sessions: given.sessions.items.clone(),
        devices: given.devices.items.clone(),
        root_password,
    }
}

/// The scanner's own principal must be among what it reads (CMP-10): a list that lacks it is not whole.
fn see_ourselves(details: &Details, caller: &str, reading: &mut Reading) {
    let Some(arn) = Arn::parse(caller) else { return };
    let (what, there) = if let Some((role, _)) = arn.session() {
        // The ARN of a session has no path, and that of the role has.
        let there = details.roles.iter().any(|known| known.role_name == role);
        (format!("our own role {}", short(role, 80)), there)
    } else if arn.service == "iam" && arn.user_name().is_some() {
        (format!("our own user {}", short(caller, 120)), details.users.iter().any(|user| user.arn == caller))
    } else {
        return;
    };
    if !there && details.broken.is_empty() {
        reading.gap_in(FROM_DETAILS, &Cause::NotSeen { what });
    }
}

fn tell_services(services: Result<Partly<Vec<ServiceCredential>>, Cause>, people: &People<'_>, reading: &mut Reading) {
    let partly = match services {
        Ok(partly) => partly,
        Err(cause) => {
            reading.gap(SERVICE_CREDENTIALS, None, cause);
            return;
        }
    };
    for (index, credential) in partly.items.iter().enumerate() {
        if credential.id.is_empty() || credential.user.is_empty() {
            let part = format!("credential {}", index + 1);
            let what = format!("iam:ListServiceSpecificCredentials: {part} lacks its id or its user");
            reading.gap(SERVICE_CREDENTIALS, Some(part), Cause::Malformed { what });
            continue;
        }
        let access = service_access(credential, people, reading);
        reading.record(SERVICE_CREDENTIALS, access);
    }
    match partly.broken {
        Some(cause) => reading.gap(SERVICE_CREDENTIALS, None, cause),
        None => reading.seal_by([SERVICE_CREDENTIALS], ProofKind::LastPage, None),
    }
}

fn service_access(credential: &ServiceCredential, people: &People<'_>, reading: &mut Reading) -> Access {
    let (status, unknown) = keys::status_of(&credential.status);
    if unknown {
        let cause = Cause::UnknownWord {
            field: String::from("Status"),
            word: short(&credential.status, 40),
            rows: 1,
            first: short(&credential.id, 40),
        };
        reading.gap(SERVICE_CREDENTIALS, Some(short(&credential.id, 40)), cause);
    }
    let person = people.of_name(&credential.user);
    let scope = reading.name(SERVICE_CREDENTIALS);
    let mut access = person.grant(scope, AccessKind::ApiToken, credential.id.clone(), status);
    access.status_text = unknown.then(|| short(&credential.status, 40));
    let alias = credential.alias.as_ref().map_or_else(String::new, |alias| format!(" ({})", short(alias, 80)));
    access.grant_display = Some(format!("credential {} for {}{alias}", credential.service_user, credential.service));
    access.target = Some(credential.service.clone());
    access.created_at = credential.created.fact("CreateDate");
    access.last_used_at = Fact::Hidden(String::from("AWS does not record the use of service-specific credentials"));
    access.expires_at = match credential.expires {
        Stamp::Absent => Fact::None,
        other => other.fact("ExpirationDate"),
    };
    if status == Status::Enabled
        && let Stamp::Known(end) = credential.expires
    {
        access.evidence.push(format!("ends by itself at {}", end.to_rfc3339()));
    }
    access
}

/// Proofs: the last page for what comes in pages, one whole reply for the report. What both say about the users must
/// fit together, within the age of the report.
fn seal(settings: &Settings, loaded: &Loaded, started: Instant, reading: &mut Reading) {
    if let Some(details) = loaded.details.get()
        && details.broken.is_empty()
    {
        reading.seal_by(FROM_DETAILS, ProofKind::LastPage, None);
    }
    let Some(report) = loaded.report.get() else { return };
    check::tell_report(report, reading);
    reading.seal_by(FROM_REPORT, ProofKind::LastPage, None);
    let Some(made) = report.generated else { return };
    let allowed = TimeDelta::from_std(settings.report_max_age).unwrap_or(TimeDelta::MAX);
    if started - made > allowed {
        let cause = Cause::Stale { as_of: made.to_rfc3339(), age: hours(started - made), allowed: hours(allowed) };
        reading.gap_in(FROM_REPORT, &cause);
    }
    if let Some(details) = loaded.details.get()
        && details.broken.is_empty()
    {
        compare(details, report, made, reading);
    }
}

fn hours(age: TimeDelta) -> String {
    format!("{} h {} min", age.num_hours(), age.num_minutes() % 60)
}

/// Users come and go between the report and now, and each difference must be explained by that.
fn compare(details: &Details, report: &Report, made: Instant, reading: &mut Reading) {
    let in_report: BTreeSet<&str> = report.rows.iter().map(|row| row.arn.as_str()).collect();
    let mut missing = Vec::new();
    let mut young = 0_usize;
    for user in details.users.iter().filter(|user| !in_report.contains(user.arn.as_str())) {
        match user.create_date.instant() {
            Some(at) if at >= made - REPORT_SETTLES => young += 1,
            _ => missing.push(user.user_name.as_str()),
        }
    }
    if !missing.is_empty() {
        let cause = Cause::CountDiffers {
            what: format!("users older than the credential report and not in it: {}", some_of(missing.iter().copied())),
            announced: details.users.len() as u64,
            found: (details.users.len() - missing.len()) as u64,
        };
        reading.gap_in(FROM_REPORT, &cause);
    }
    let known: BTreeSet<&str> = details.users.iter().map(|user| user.arn.as_str()).collect();
    let gone = report.rows.iter().filter(|row| !row.is_root() && !known.contains(row.arn.as_str())).count();
    if young > 0 {
        reading.notice(format!(
            "{young} users are younger than the credential report: their credentials show in the next"
        ));
    }
    if gone > 0 {
        reading.notice(format!("{gone} users of the credential report are gone since it was made"));
    }
}

/// What is kept of each user for the follow-ups, and the users in the order in which follow-ups are offered.
fn keep(loaded: &Loaded, people: &People<'_>, beyond: &Beyond) -> (Index, Vec<Offer>) {
    let mut rows: HashMap<&str, &Row> = HashMap::new();
    for row in loaded.report.get().map_or(&[][..], |report| &report.rows) {
        if !row.is_root() {
            rows.entry(row.arn.as_str()).or_insert(row);
        }
    }
    let mut index = Index { report_of: loaded.report.get().and_then(|report| report.generated), ..Index::default() };
    let mut offers = Vec::new();
    let users = loaded.details.get().map_or(&[][..], |details| &details.users);
    for (place, user) in users.iter().enumerate() {
        let Some(person) = people.at(place) else { continue };
        let row = rows.remove(user.arn.as_str());
        let made = user.create_date.instant().map(Cell::Time);
        let known = Known {
            person: person.clone(),
            row_is_theirs: row.is_some_and(|row| Some(row.created) == made),
            devices: told_devices(row, beyond),
            row: row.cloned(),
        };
        offers.push(Offer::of(&user.user_name, known, &mut index));
    }
    let mut only_in_report: Vec<&Row> = rows.into_values().collect();
    only_in_report.sort_by(|left, right| left.arn.cmp(&right.arn));
    for row in only_in_report {
        let devices = told_devices(Some(row), beyond);
        let known = Known { person: people.of_row(row), row: Some(row.clone()), row_is_theirs: false, devices };
        offers.push(Offer::of(&row.user, known, &mut index));
    }
    (index, offers)
}

/// Serial numbers of the devices that were told with a row of the report.
fn told_devices(row: Option<&Row>, beyond: &Beyond) -> Vec<String> {
    let devices = row.and_then(|row| beyond.devices.get(&row.arn));
    devices.map_or_else(Vec::new, |devices| devices.iter().map(|device| device.serial.clone()).collect())
}

/// A user whose details can be asked for. The scopes are made when they are handed over: those of a hundred thousand
/// users at once would be most of what a sweep holds.
#[derive(Debug)]
pub(crate) struct Offer {
    user: String,
    known: Arc<Known>,
}

impl Offer {
    fn of(user: &str, known: Known, index: &mut Index) -> Self {
        let known = Arc::new(known);
        index.users.insert(user.to_owned(), Arc::clone(&known));
        Self { user: user.to_owned(), known }
    }

    /// What is worth asking for this user. The report says where there is nothing to ask; without a row nothing is
    /// known, so everything is asked.
    pub(crate) fn scopes(&self, settings: &Settings, account: &AccountId) -> Vec<Scope> {
        let row = self.known.row.as_ref();
        let mut kinds = Vec::new();
        if row.is_none_or(|row| row.keys.iter().any(KeyCells::is_taken)) {
            kinds.push(KEY_IDS);
        }
        kinds.push(SSH_KEYS);
        if row.is_none_or(|row| row.certificates.iter().any(CertificateCells::is_taken)) {
            kinds.push(SIGNING_CERTIFICATES);
        }
        if self.known.devices.is_empty() && row.is_none_or(|row| row.mfa != Switch::Off) {
            kinds.push(MFA_SERIALS);
        }
        if settings.cloudtrail.is_some() {
            kinds.push(EVENTS);
        }
        let holder = self.known.person.holders.first();
        kinds.into_iter().map(|kind| follow_up(account, kind, &self.user, holder)).collect()
    }
}
