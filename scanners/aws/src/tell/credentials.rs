//! Passwords, certificates and MFA devices, from the credential report.

use scan_contract::{Access, AccessKind, Cause, Fact, Instant, Moment, Privilege, Status};

use crate::read::load::Loaded;
use crate::read::report::{Cell, CertificateCells, Concerns, Report, Row, Switch};
use crate::scopes::{ACCESS_KEYS, CERTIFICATES, MFA_DEVICES, PASSWORDS, USERS};
use crate::tell::people::{People, Person};
use crate::tell::reading::Reading;
use crate::tell::users::tell_root;
use crate::tell::{Beyond, Device};
use crate::text::{short, some_of};

/// Only the first sign-in of each five minutes is kept.
const PASSWORD_PRECISION: u32 = 5 * 60;

/// Seconds since the epoch at 2014-10-20T00:00:00Z: AWS has recorded the use of passwords since then.
const PASSWORDS_TRACKED_SINCE: i64 = 1_413_763_200;

/// Tells everything of the report but its access keys.
pub(crate) fn tell(loaded: &Loaded, people: &People<'_>, beyond: &Beyond, reading: &mut Reading) {
    let Some(report) = loaded.report.get() else { return };
    for damage in &report.damage {
        for kind in concerned(damage.concerns) {
            reading.gap(kind, damage.part.clone(), damage.cause.clone());
        }
    }
    let mut odd = Vec::new();
    for row in &report.rows {
        let person = people.of_row(row);
        tell_password(row, &person, beyond, reading);
        tell_certificates(row, &person, reading);
        tell_mfa(row, &person, beyond, reading);
        tell_additional(row, reading);
        if row.password == Switch::Off && matches!(row.password_last_changed, Cell::Time(_)) {
            odd.push(row.user.as_str());
        }
    }
    if let Some(root) = report.rows.iter().find(|row| row.is_root()) {
        if reading.is_open(USERS) {
            tell_root(root, people, reading);
        }
    } else {
        let what = String::from("row <root_account>, which every credential report has");
        for kind in concerned(Concerns::Everything) {
            reading.gap(kind, None, Cause::NotSeen { what: what.clone() });
        }
    }
    tell_notices(report, &odd, beyond.live, reading);
}

fn tell_notices(report: &Report, odd: &[&str], live: bool, reading: &mut Reading) {
    if !report.extra_columns.is_empty() {
        let columns = report.extra_columns.join(", ");
        reading.notice(format!("the credential report has columns that are not read: {columns}"));
    }
    if !odd.is_empty() {
        let names = some_of(odd.iter().copied());
        reading.notice(format!("no password, yet a time of its change, which AWS does not write: {names}"));
    }
    if report.generated.is_none() && !live {
        reading.notice("the credential report does not say when it was made: it may be four hours older than as_of");
    }
}

/// Scopes that a damage of the report concerns.
pub(crate) fn concerned(concerns: Concerns) -> &'static [&'static str] {
    match concerns {
        Concerns::Everything => &[PASSWORDS, ACCESS_KEYS, CERTIFICATES, MFA_DEVICES],
        Concerns::Passwords => &[PASSWORDS],
        Concerns::AccessKeys => &[ACCESS_KEYS],
        Concerns::Certificates => &[CERTIFICATES],
        Concerns::MfaDevices => &[MFA_DEVICES],
    }
}

/// The status a switch gives; `None` where there is no such credential, or no column to say so.
fn status_of(switch: &Switch) -> Option<(Status, Option<String>)> {
    match switch {
        Switch::On => Some((Status::Enabled, None)),
        Switch::Off | Switch::Missing => None,
        Switch::NotSupported => Some((Status::Unknown, Some(String::from("not_supported")))),
        Switch::Unknown(word) => Some((Status::Unknown, Some(word.clone()))),
    }
}

/// When it was last replaced.
pub(crate) fn rotated(cell: Cell) -> Fact<Moment> {
    match cell {
        Cell::Time(at) => Fact::Known(Moment::exact(at)),
        Cell::NotApplicable => Fact::Hidden(String::from("the report says N/A")),
        Cell::NoInformation => Fact::Hidden(String::from("the report says no_information")),
        Cell::NotSupported => Fact::Hidden(String::from("the report says not_supported")),
        Cell::Unreadable => Fact::Hidden(String::from("the report's time cannot be read")),
        Cell::Missing => Fact::Hidden(String::from("the report has no such column")),
    }
}

/// When it was last used. `never` is the vendor's word for "not since we keep record", which is "never" only for what
/// is younger than the record.
pub(crate) fn used(cell: Cell, never: Cell, made: Option<Instant>, tracked_since: i64, precision: u32) -> Fact<Moment> {
    match cell {
        Cell::Time(at) => Fact::Known(Moment::within(at, precision)),
        other if other == never => {
            if made.is_some_and(|at| at.timestamp() >= tracked_since) {
                Fact::None
            } else {
                Fact::Hidden(String::from("not used since AWS began to keep record, and it may be older than that"))
            }
        }
        other => rotated(other),
    }
}

pub(crate) fn time(cell: Cell) -> Option<Instant> {
    match cell {
        Cell::Time(at) => Some(at),
        Cell::NotApplicable | Cell::NoInformation | Cell::NotSupported | Cell::Unreadable | Cell::Missing => None,
    }
}

fn from_row(row: &Row) -> String {
    format!("credential report, line {}", row.line)
}

fn tell_password(row: &Row, person: &Person, beyond: &Beyond, reading: &mut Reading) {
    let said = beyond.root_password.filter(|_| row.is_root() && row.password == Switch::NotSupported);
    let told = match said {
        Some(true) => Some((Status::Enabled, None)),
        Some(false) => None,
        None => status_of(&row.password),
    };
    let Some((status, word)) = told else { return };
    let id = format!("{}/password", row.arn);
    let mut access = person.grant(reading.name(PASSWORDS), AccessKind::Password, id, status);
    access.status_text = word;
    access.grant_display = Some(format!("console password of {}", row.user));
    access.created_at = Fact::Hidden(String::from("the report says only when it was last changed"));
    access.rotated_at = rotated(row.password_last_changed);
    // The user is never younger than the password.
    access.last_used_at = used(
        row.password_last_used,
        Cell::NoInformation,
        time(row.created),
        PASSWORDS_TRACKED_SINCE,
        PASSWORD_PRECISION,
    );
    access.expires_at =
        Fact::Hidden(String::from("whether an old password still works is the account's password policy"));
    access.evidence.push(from_row(row));
    if row.mfa == Switch::On {
        access.evidence.push(String::from("a second factor is set up"));
    }
    reading.record(PASSWORDS, access);
}

fn tell_certificates(row: &Row, person: &Person, reading: &mut Reading) {
    for (index, cells) in row.certificates.iter().enumerate() {
        if !cells.is_taken() || cells.active == Switch::Missing {
            continue;
        }
        reading.record(CERTIFICATES, certificate(row, index + 1, cells, person, reading.name(CERTIFICATES)));
    }
}

/// Grant id of a certificate that is known by its slot only.
pub(crate) fn certificate_slot_id(user_arn: &str, slot: usize) -> String {
    format!("{user_arn}/signing-certificate-{slot}")
}

/// A certificate of which the report's slot is all that is known.
pub(crate) fn certificate(
    row: &Row,
    slot: usize,
    cells: &CertificateCells,
    person: &Person,
    scope: scan_contract::ScopeName,
) -> Access {
    let (status, word) = status_of(&cells.active).unwrap_or((Status::Disabled, None));
    let id = certificate_slot_id(&row.arn, slot);
    let mut access = person.grant(scope, AccessKind::Certificate, id, status);
    access.status_text = word;
    access.grant_display = Some(format!("signing certificate {slot} of {}", row.user));
    access.created_at = Fact::Hidden(String::from("the report says only when it was last changed"));
    access.rotated_at = rotated(cells.last_rotated);
    access.last_used_at = Fact::Hidden(String::from("AWS does not record the use of signing certificates"));
    access.expires_at = Fact::Hidden(String::from("the certificate itself is not in the report"));
    access.evidence.push(from_row(row));
    access
}

/// Grant id of a second factor of which only its being there is known.
pub(crate) fn mfa_id(user_arn: &str) -> String {
    format!("{user_arn}/mfa")
}

/// A device whose serial number is known. `formerly`: the id it had before.
pub(crate) fn device_access(
    scope: scan_contract::ScopeName,
    device: &Device,
    user: &str,
    person: &Person,
    formerly: Option<String>,
) -> Access {
    let mut access = person.grant(scope, AccessKind::MfaDevice, device.serial.clone(), Status::Enabled);
    access.formerly = formerly.map(scan_contract::GrantId::from);
    access.grant_display = Some(format!("second factor {} of {user}", device.serial));
    access.privilege = Privilege::None;
    access.privilege_reason = Some(String::from("a second factor opens nothing by itself"));
    access.created_at = device.enabled.fact("EnableDate");
    access.last_used_at = Fact::Hidden(String::from("AWS does not record the use of second factors"));
    access.expires_at = Fact::None;
    access
}

fn tell_mfa(row: &Row, person: &Person, beyond: &Beyond, reading: &mut Reading) {
    if let Some(devices) = beyond.devices.get(&row.arn) {
        for (index, device) in devices.iter().enumerate() {
            // The report knows one second factor a user; one device at most can be it.
            let formerly = (index == 0).then(|| mfa_id(&row.arn));
            let access = device_access(reading.name(MFA_DEVICES), device, &row.user, person, formerly);
            reading.record(MFA_DEVICES, access);
        }
        return;
    }
    let Some((status, word)) = status_of(&row.mfa) else { return };
    let id = mfa_id(&row.arn);
    let mut access = person.grant(reading.name(MFA_DEVICES), AccessKind::MfaDevice, id, status);
    access.status_text = word;
    access.grant_display = Some(format!("second factor of {}", row.user));
    access.privilege = Privilege::None;
    access.privilege_reason = Some(String::from("a second factor opens nothing by itself"));
    access.last_used_at = Fact::Hidden(String::from("AWS does not record the use of second factors"));
    access.expires_at = Fact::None;
    access.evidence.push(from_row(row));
    access.evidence.push(String::from("number and kind of the devices are not in the report"));
    reading.record(MFA_DEVICES, access);
}

fn tell_additional(row: &Row, reading: &mut Reading) {
    let Some(more) = &row.additional else { return };
    let detail = format!("user {} has more credentials than the report has columns for: {more}", short(&row.user, 80));
    for kind in [ACCESS_KEYS, CERTIFICATES] {
        reading.gap(kind, Some(short(&row.user, 80)), Cause::ProducerGap { detail: detail.clone() });
    }
}
