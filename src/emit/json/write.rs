//! Writing JSON v1: head and tail by hand, records one a line.

use std::io::Write;

use serde::Serialize;

use super::escape::write_value;
use super::{FORMAT, VERSION, v1};
use crate::emit::sections::Counts;
use crate::emit::{EmitError, Persons};
use crate::report::Report;

/// Writes the document; without `persons` everything is written as it is.
pub(super) fn document(report: &Report, persons: Option<&Persons<'_>>, out: &mut dyn Write) -> Result<(), EmitError> {
    let mut object = Object { out, first: true };
    object.out.write_all(b"{")?;
    object.member("format", FORMAT)?;
    object.member("version", &VERSION)?;
    object.member("persons", persons.map_or("everything", Persons::display))?;
    object.member("run", &v1::Run::from(&report.run))?;
    object.member("counts", &v1::Counts::from(&Counts::of(report)))?;
    match persons {
        Some(persons) => records(&mut object, report, persons)?,
        None => records_as_they_are(&mut object, report)?,
    }
    object.member("totals", &v1::Totals::from(&report.totals))?;
    object.out.write_all(b"\n}\n")?;
    Ok(())
}

fn records(object: &mut Object<'_>, report: &Report, persons: &Persons<'_>) -> Result<(), EmitError> {
    let finding = |finding| v1::Finding::from(persons.finding(finding).as_ref());
    object.member("roster", &v1::Roster::from(persons.roster(&report.roster).as_ref()))?;
    object.list("systems", report.systems.iter().map(|system| system_with(system, persons)))?;
    object.list("findings", report.findings.iter().map(finding))?;
    object.list("closed", report.closed.iter().map(finding))?;
    object.list("remnants", report.remnants.iter().map(finding))?;
    object.list("licenses", report.licenses.iter().map(finding))?;
    object.list(
        "ambiguous",
        report.ambiguous.iter().map(|grant| v1::Ambiguous::from(persons.ambiguous(grant).as_ref())),
    )?;
    object.list(
        "unattributed",
        report.unattributed.iter().map(|grant| v1::Unattributed::from(persons.unattributed(grant).as_ref())),
    )?;
    object.member("unattributed_total", &report.unattributed_total)?;
    object.list("known_apps", report.known_apps.iter().map(|app| v1::KnownApp::from(persons.app(app).as_ref())))?;
    object.list("leavers", report.leavers.iter().map(|leaver| v1::Leaver::from(persons.leaver(leaver).as_ref())))?;
    object.list(
        "exceptions",
        report.exceptions.iter().map(|exception| v1::Exception::from(persons.exception(exception).as_ref())),
    )?;
    object.list(
        "sentinels",
        report.sentinels.iter().map(|sentinel| v1::Sentinel::from(persons.sentinel(sentinel).as_ref())),
    )?;
    object.list(
        "contradictions",
        report.contradictions.iter().map(|one| v1::Contradiction::from(persons.contradiction(one).as_ref())),
    )?;
    object.list("notices", report.notices.iter().map(|notice| v1::Notice::from(persons.notice(notice).as_ref())))
}

fn records_as_they_are(object: &mut Object<'_>, report: &Report) -> Result<(), EmitError> {
    object.member("roster", &v1::Roster::from(&report.roster))?;
    object.list("systems", report.systems.iter().map(v1::System::from))?;
    object.list("findings", report.findings.iter().map(v1::Finding::from))?;
    object.list("closed", report.closed.iter().map(v1::Finding::from))?;
    object.list("remnants", report.remnants.iter().map(v1::Finding::from))?;
    object.list("licenses", report.licenses.iter().map(v1::Finding::from))?;
    object.list("ambiguous", report.ambiguous.iter().map(v1::Ambiguous::from))?;
    object.list("unattributed", report.unattributed.iter().map(v1::Unattributed::from))?;
    object.member("unattributed_total", &report.unattributed_total)?;
    object.list("known_apps", report.known_apps.iter().map(v1::KnownApp::from))?;
    object.list("leavers", report.leavers.iter().map(v1::Leaver::from))?;
    object.list("exceptions", report.exceptions.iter().map(v1::Exception::from))?;
    object.list("sentinels", report.sentinels.iter().map(v1::Sentinel::from))?;
    object.list("contradictions", report.contradictions.iter().map(v1::Contradiction::from))?;
    object.list("notices", report.notices.iter().map(v1::Notice::from))
}

/// A system whose gaps and notices are shown as the output may show them.
pub(in crate::emit) fn system_with(system: &crate::report::SystemFact, persons: &Persons<'_>) -> v1::System {
    let mut shown = v1::System::from(system);
    shown.notices = persons.remarks(&system.notices).into_owned();
    for (scope, fact) in shown.scopes.iter_mut().zip(&system.scopes) {
        scope.gaps = fact.gaps.iter().map(|gap| v1::Gap::from(persons.gap(gap).as_ref())).collect();
    }
    shown
}

/// The outer object, member by member.
struct Object<'a> {
    out: &'a mut dyn Write,
    first: bool,
}

impl Object<'_> {
    fn key(&mut self, key: &str) -> Result<(), EmitError> {
        self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        write!(self.out, "\"{key}\":")?;
        Ok(())
    }

    fn member<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), EmitError> {
        self.key(key)?;
        write_value(self.out, value)
    }

    fn list<T: Serialize>(&mut self, key: &str, values: impl Iterator<Item = T>) -> Result<(), EmitError> {
        self.key(key)?;
        self.out.write_all(b"[")?;
        let mut first = true;
        for value in values {
            self.out.write_all(if first { b"\n" } else { b",\n" })?;
            first = false;
            write_value(self.out, &value)?;
        }
        self.out.write_all(b"]")?;
        Ok(())
    }
}
