//! One host: opens its folder once, and reads each of its scopes from what is there.

mod accounts;
mod authorities;
mod decide;
mod key_files;
mod leftovers;
mod principals;
mod scene;
mod sessions;
mod shadow;
mod sudoers;

use scan_contract::{BlockingOutlet, Cause, Cursor, Documents, EndProof, Gap, ProofKind, ScopeName};

use crate::scopes::{HostScope, scope_name};
use crate::settings::Settings;
use scene::Scene;

/// Records in one page.
const PAGE: usize = 500;

/// Reads every scope of a host that has a folder.
pub(crate) fn read(
    outlet: &BlockingOutlet,
    documents: &dyn Documents,
    host: &str,
    settings: &Settings,
) -> Result<(), Cause> {
    let mut scene = Scene::open(documents, host, settings);
    for scope in HostScope::ALL {
        outlet.open(&scope_name(host, scope), Some(scene.as_of))?;
    }
    sudoers::read(&mut scene);
    accounts::read(&mut scene);
    key_files::read(&mut scene);
    authorities::read(&mut scene);
    principals::read(&mut scene);
    sessions::read(&mut scene);
    leftovers::read(&mut scene);
    let kind = if scene.tree.is_listed() { ProofKind::Listing } else { ProofKind::EndOfFile };
    let (records, gaps, notices) = scene.close();
    for (number, page) in records.chunks(PAGE).enumerate() {
        outlet.page(page.to_vec(), Cursor(format!("{host}/{number}")))?;
    }
    for gap in gaps {
        outlet.gap(gap)?;
    }
    for notice in notices {
        outlet.notice(notice)?;
    }
    for scope in HostScope::ALL {
        outlet.seal(&scope_name(host, scope), EndProof { kind, announced: None, sha256: None })?;
    }
    Ok(())
}

/// Says of a host that should be there and is not that nothing of it was read.
pub(crate) fn missing(outlet: &BlockingOutlet, host: &str) -> Result<(), Cause> {
    for scope in HostScope::ALL {
        let name: ScopeName = scope_name(host, scope);
        let what = format!("{host} is expected and has no folder in the tree");
        outlet.gap(Gap::scope(&name, Cause::NotInSource { what }))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod denied_tests;
#[cfg(test)]
mod sudo_tests;
