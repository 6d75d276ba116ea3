//! Certificates that let in (TLS sign-in), and certificates that were issued and kept (PKI).

use std::collections::HashSet;
use std::sync::Arc;

use scan_contract::{Access, AccessKind, Cause, Fact, Holder, Instant, Moment, Relation, Status};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;

use super::Reading;
use super::engines::definitions;
use crate::facts::{by_name, has_passed, is_address};
use crate::mount::{Engine, Mount};
use crate::names::shown;
use crate::scopes::{CERTS, PKI};
use crate::target::Target;
use crate::walk::Walk;
use crate::wire::{self, AuthorityRole, CertRole, CertificateInfo, IssuedCertificate};
use crate::work::Work;

/// What a certificate says of whom it is for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Certified {
    names: Vec<String>,
    from: Option<Instant>,
    until: Option<Instant>,
    is_authority: bool,
    serial: String,
}

/// Reads a PEM certificate. `None`: it is none.
fn certified(pem: &str) -> Option<Certified> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok()?;
    let certificate = pem.parse_x509().ok()?;
    let instant = |time: x509_parser::time::ASN1Time| chrono::DateTime::from_timestamp(time.timestamp(), 0);
    Some(Certified {
        names: names(&certificate),
        from: instant(certificate.validity().not_before),
        until: instant(certificate.validity().not_after),
        is_authority: certificate.is_ca(),
        serial: certificate.raw_serial_as_string(),
    })
}

/// Names that can be a person's: addresses, and common names that are no host's.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !name.is_empty() && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    };
    for address in certificate.subject().iter_email().filter_map(|address| address.as_str().ok()) {
        add(address);
    }
    if let Ok(Some(names)) = certificate.subject_alternative_name() {
        for name in &names.value.general_names {
            if let GeneralName::RFC822Name(address) = name {
                add(address);
            }
        }
    }
    for name in certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok()) {
        if is_address(name) || is_login(name) {
            add(name);
        }
    }
    found
}

/// A common name that can be a login: one word, no dots as host names have them.
fn is_login(name: &str) -> bool {
    !name.is_empty() && !name.contains(|letter: char| letter.is_whitespace() || matches!(letter, '.' | '/' | '*' | ':'))
}

fn fact(instant: Option<Instant>) -> Fact<Moment> {
    instant.map_or_else(Fact::not_given, |at| Fact::Known(Moment::exact(at)))
}

/// Certificates of the TLS sign-in method.
pub(super) async fn letting_in(reading: Reading<'_>) -> Result<(), Cause> {
    let mut walk = reading.begin(CERTS).await?;
    let Some(mounts) = reading.mounts(&walk, &Engine::Cert).await? else { return Ok(()) };
    for mount in mounts {
        for (name, role) in definitions::<CertRole>(reading, &walk, &mount, "certs").await? {
            let access = letting_in_access(reading, &walk, &mount, &name, &role).await?;
            walk.record(access).await?;
        }
    }
    walk.seal().await
}

async fn letting_in_access(
    reading: Reading<'_>,
    walk: &Walk<'_>,
    mount: &Mount,
    name: &str,
    role: &CertRole,
) -> Result<Access, Cause> {
    let Reading { inner, place, .. } = reading;
    let read = certified(&role.certificate);
    if read.is_none() {
        let what = String::from("its certificate cannot be decoded");
        walk.part(format!("certificate {} of {}", shown(name), mount.full()), Cause::Malformed { what }).await?;
    }
    let read = read.unwrap_or_default();
    let expires = fact(read.until);
    let status = if has_passed(&expires, inner.client.now()) { Status::Expired } else { Status::Enabled };
    let id = reading.grant(&format!("{}/certs/{name}", mount.full()));
    let mut access = Access::new(reading.name(CERTS), AccessKind::Certificate, id, status);
    access.grant_display = Some(format!("certificate {name} lets in at {}", mount.full()));
    access.target = Some(format!("{}{}", place.namespace.prefix(), mount.full()));
    access.created_at = fact(read.from);
    access.rotated_at = fact(read.from);
    access.expires_at = expires;
    access.last_used_at = Fact::Hidden(String::from("only the audit log says when somebody signed in"));
    let allowed = role.allowed_email_sans.iter().chain(&role.allowed_common_names);
    let plain = allowed.filter(|name| !name.contains('*') && (is_address(name) || is_login(name)));
    // Many a person's own certificate calls itself an authority, since that is what tools make of one that signs itself.
    for name in read.names.iter().chain(plain) {
        let holder = by_name(Relation::Holder, name);
        if !access.holders.contains(&holder) {
            access.holders.push(holder);
        }
    }
    if read.is_authority {
        access.evidence.push(String::from("an authority: it lets in everybody it signs for, within the allowed names"));
    }
    let reach = place.reach(&inner.client, role.policies.all()).await;
    access.privilege = reach.privilege;
    access.privilege_reason = Some(reach.reason);
    Ok(access)
}

/// Certificates that were issued and kept, of those that name somebody. Those of hosts are counted.
pub(super) async fn issued(reading: Reading<'_>) -> Result<(), Cause> {
    let mut walk = reading.begin(PKI).await?;
    let Some(mounts) = reading.mounts(&walk, &Engine::Pki).await? else { return Ok(()) };
    for mount in mounts {
        of_mount(reading, &mut walk, &mount).await?;
        not_kept(reading, &walk, &mount).await?;
    }
    walk.seal().await
}

/// Roles that keep nothing: what they signed, only the audit log knows.
async fn not_kept(reading: Reading<'_>, walk: &Walk<'_>, mount: &Mount) -> Result<(), Cause> {
    let roles = definitions::<AuthorityRole>(reading, walk, mount, "roles").await?;
    let quiet: Vec<String> = roles.iter().filter(|(_, role)| role.no_store).map(|(name, _)| shown(name)).collect();
    if quiet.is_empty() {
        return Ok(());
    }
    walk.notice(format!(
        "{}: certificates of these roles are not kept and cannot be listed: {}",
        mount.full(),
        quiet.iter().take(20).cloned().collect::<Vec<_>>().join(", ")
    ))
    .await
}

async fn of_mount(reading: Reading<'_>, walk: &mut Walk<'_>, mount: &Mount) -> Result<(), Cause> {
    let Reading { inner, place, .. } = reading;
    let listing = match inner.client.list(&place.namespace, &Target::at(mount).then("certs")).await {
        Ok(listing) => listing.unwrap_or_default(),
        Err(cause) => return walk.part(mount.full(), cause).await,
    };
    walk.warned(&mount.full(), listing.warnings).await?;
    let ended = ended(reading, mount).await?;
    let mut serials: Vec<String> = listing.keys.into_iter().filter(|serial| !ended.contains(serial)).collect();
    serials.sort();
    let limit = inner.settings.caps.certificates;
    if serials.len() > limit {
        walk.part(mount.full(), Cause::LimitHit { limit: format!("{limit} certificates of one mount") }).await?;
        serials.truncate(limit);
    }
    let target = Target::at(mount).then("cert");
    let mut work = Work::new(serials.into_iter(), inner.side_by_side(), |serial: String| {
        let (inner, place, target) = (Arc::clone(inner), Arc::clone(place), target.clone().name(&serial));
        async move {
            let read = inner.client.read::<IssuedCertificate>(&place.namespace, &target).await;
            (serial, read)
        }
    });
    let (mut hosts, mut over) = (0_usize, ended.len());
    while let Some(answer) = work.next().await {
        let (serial, read) = answer?;
        let part = format!("certificate {} of {}", shown(&serial), mount.full());
        match read {
            Ok(Some(issued)) => match certified(&issued.certificate) {
                Some(read) if read.is_authority => {}
                // The same with and without the detailed list, which spares the question.
                Some(read) if has_passed(&fact(read.until), inner.client.now()) => over += 1,
                Some(read) if read.names.is_empty() => hosts += 1,
                Some(read) => {
                    let access = issued_access(reading, mount, &serial, &read, &issued);
                    walk.record(access).await?;
                }
                None => {
                    let what = String::from("it cannot be decoded");
                    walk.part(part, Cause::Malformed { what }).await?;
                }
            },
            // Tidied away since the list was read.
            Ok(None) => {}
            Err(cause) => walk.part(part, cause).await?,
        }
    }
    if hosts > 0 {
        walk.notice(format!("{}: {hosts} certificates name hosts only and lead to nobody", mount.full())).await?;
    }
    if over > 0 {
        walk.notice(format!("{}: {over} certificates are over and are not told", mount.full())).await?;
    }
    Ok(())
}

/// Serials whose certificates are over by the detailed list (OpenBao). Others are asked for one by one.
async fn ended(reading: Reading<'_>, mount: &Mount) -> Result<HashSet<String>, Cause> {
    let Reading { inner, place, .. } = reading;
    let now = inner.client.now();
    let target = Target::at(mount).then("certs/detailed");
    let listing = match inner.client.list(&place.namespace, &target).await {
        Ok(listing) => listing.unwrap_or_default(),
        Err(Cause::Stopped) => return Err(Cause::Stopped),
        // Not offered, or not allowed: then each one is asked for, which tells the same.
        Err(_) => return Ok(HashSet::new()),
    };
    Ok(listing
        .info
        .into_iter()
        .filter(|(_, raw)| {
            let info: Option<CertificateInfo> = serde_json::from_str(raw.get()).ok();
            info.and_then(|info| info.not_after).and_then(|end| wire::instant(&end)).is_some_and(|end| end <= now)
        })
        .map(|(serial, _)| serial)
        .collect())
}

fn issued_access(
    reading: Reading<'_>,
    mount: &Mount,
    serial: &str,
    read: &Certified,
    issued: &IssuedCertificate,
) -> Access {
    let revoked = issued.revocation_time.is_some_and(|time| time > 0);
    let status = if revoked { Status::Revoked } else { Status::Enabled };
    let id = reading.grant(&format!("{}/cert/{serial}", mount.full()));
    let mut access = Access::new(reading.name(PKI), AccessKind::Certificate, id, status);
    access.grant_display = Some(format!("certificate for {}", read.names.join(", ")));
    access.target = Some(format!("{}{}", reading.place.namespace.prefix(), mount.full()));
    access.created_at = fact(read.from);
    access.rotated_at = fact(read.from);
    access.expires_at = fact(read.until);
    access.last_used_at = Fact::Hidden(String::from("an authority does not see how a certificate is used"));
    access.privilege_reason = Some(String::from("what it opens is decided by whoever trusts the authority"));
    access.holders = read.names.iter().map(|name| by_name(Relation::Holder, name)).collect::<Vec<Holder>>();
    access.evidence.push(format!("serial {}", read.serial));
    access
}
