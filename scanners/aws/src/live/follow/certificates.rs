//! Signing certificates of one user. The end is read from the certificate itself.

use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Instant, Moment, Status};

use aws_sdk_iam::types::SigningCertificate;

use crate::live::bulk::pages::walk_iam;
use crate::live::bulk::rows::stamp;
use crate::live::follow::{About, Outcome, SHOWS_WITHIN};
use crate::read::report::{Cell, CertificateCells, Row};
use crate::tell::credentials::{certificate as slot_access, certificate_slot_id};
use crate::tell::keys::status_of;
use crate::text::short;

/// When a PEM certificate ends (RFC 5280, `notAfter`); `None` if it cannot be read.
fn not_after(pem: &str) -> Option<Instant> {
    let Ok((_, pem)) = x509_parser::pem::parse_x509_pem(pem.as_bytes()) else { return None };
    let Ok(certificate) = pem.parse_x509() else { return None };
    Instant::from_timestamp(certificate.validity().not_after.timestamp(), 0)
}

/// Reads the certificates of one user.
pub(crate) async fn read(about: &About<'_>) -> Outcome {
    let (account, user) = (about.account, about.user);
    let walked = walk_iam!(
        account.iam_asker,
        "iam:ListSigningCertificates",
        |marker| account.iam.list_signing_certificates().user_name(user).set_marker(marker),
        |answer| answer.certificates
    );
    // The list is the user's only where the user was there to be asked for.
    let certain = walked.broken.is_none() && about.known.row_is_theirs;
    let mut outcome = Outcome::of_walk(walked.broken);
    let slots = about.known.row.as_ref().map_or_else(Vec::new, |row| slots(row, &walked.items));
    if let Some(row) = about.known.row.as_ref().filter(|_| certain && slots.iter().all(Option::is_some)) {
        outcome.records.extend(gone(about, row, &slots));
    }
    for (index, certificate) in walked.items.iter().enumerate() {
        let formerly = slots.get(index).copied().flatten();
        let record = one(about, certificate, formerly, &mut outcome);
        outcome.records.push(record);
    }
    outcome
}

fn one(about: &About<'_>, given: &SigningCertificate, slot: Option<usize>, outcome: &mut Outcome) -> Access {
    let id = &given.certificate_id;
    let part = short(id, 60);
    let word = given.status.as_str();
    let (status, unknown) = status_of(word);
    if unknown {
        let field = String::from("Status");
        outcome.gap(part.clone(), Cause::UnknownWord { field, word: short(word, 40), rows: 1, first: part.clone() });
    }
    let mut access = about.known.person.grant(about.scope.clone(), AccessKind::Certificate, id.clone(), status);
    access.status_text = unknown.then(|| short(word, 40));
    access.grant_display = Some(format!("signing certificate {id} of {}", about.user));
    access.created_at = stamp(given.upload_date.as_ref()).fact("UploadDate");
    access.last_used_at = Fact::Hidden(String::from("AWS does not record the use of signing certificates"));
    access.expires_at = if let Some(at) = not_after(&given.certificate_body) {
        Fact::Known(Moment::exact(at))
    } else {
        let what = String::from("iam:ListSigningCertificates: the certificate cannot be read");
        outcome.gap(part, Cause::Malformed { what });
        Fact::Hidden(String::from("the certificate cannot be read"))
    };
    if let (Some(slot), Some(row)) = (slot, &about.known.row) {
        access.formerly = Some(GrantId::from(certificate_slot_id(&row.arn, slot)));
        access.evidence.push(format!("credential report, line {}", row.line));
    }
    access
}

/// Certificates of the report that are no longer there, where each that is has a slot of its own.
fn gone(about: &About<'_>, row: &Row, taken: &[Option<usize>]) -> Vec<Access> {
    let now = about.account.door.now();
    let free = |(slot, cells): &(usize, &CertificateCells)| {
        let shows = matches!(cells.last_rotated, Cell::Time(changed) if changed + SHOWS_WITHIN <= now);
        cells.is_taken() && shows && !taken.contains(&Some(*slot))
    };
    let told = |(slot, cells): (usize, &CertificateCells)| {
        let mut access = slot_access(row, slot, cells, &about.known.person, about.scope.clone());
        access.status = Status::Revoked;
        access.status_text = None;
        access.evidence.push(String::from(
            "iam:ListSigningCertificates no longer names it: it was deleted since the report was made",
        ));
        access
    };
    (1_usize..).zip(&row.certificates).filter(free).map(told).collect()
}

/// The slot of the report that each certificate fills: by date, else what is left over in order.
fn slots(row: &Row, certificates: &[SigningCertificate]) -> Vec<Option<usize>> {
    let mut open: Vec<(usize, &CertificateCells)> =
        (1_usize..).zip(&row.certificates).filter(|(_, cells)| cells.is_taken()).collect();
    let mut found = vec![None; certificates.len()];
    for (index, certificate) in certificates.iter().enumerate() {
        let made = stamp(certificate.upload_date.as_ref()).instant();
        let fits = |cells: &CertificateCells| made.is_some_and(|at| cells.last_rotated == Cell::Time(at));
        if let Some(place) = open.iter().position(|(_, cells)| fits(cells)) {
            found[index] = Some(open.remove(place).0);
        }
    }
    if open.len() == found.iter().filter(|slot| slot.is_none()).count() {
        for slot in found.iter_mut().filter(|slot| slot.is_none()) {
            *slot = (!open.is_empty()).then(|| open.remove(0).0);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::not_after;

    #[test]
    fn the_end_stands_in_the_certificate_and_text_that_is_none_has_no_end() {
        assert_eq!(not_after("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), None);
        assert_eq!(not_after("nothing"), None);
    }
}
