//! SSH public keys of one user, which open CodeCommit repositories. AWS prints MD5; the fingerprint that other systems
//! use is computed from the key itself.

use data_encoding::{BASE64, BASE64_NOPAD};
use scan_contract::{Access, AccessKind, Cause, Fact, KeyFingerprint};
use sha2::{Digest, Sha256};

use aws_sdk_iam::types::{EncodingType, SshPublicKeyMetadata};

use crate::live::bulk::pages::walk_iam;
use crate::live::bulk::rows::stamp;
use crate::live::follow::{About, Outcome};
use crate::tell::keys::status_of;
use crate::text::short;

/// SHA-256 fingerprint of a key written as `ssh-rsa AAAA... comment`; `None` if it is not written so.
pub(crate) fn fingerprint(key: &str) -> Option<KeyFingerprint> {
    let mut words = key.split_ascii_whitespace();
    let sort = words.next()?;
    let Ok(blob) = BASE64.decode(words.next()?.as_bytes()) else { return None };
    // The blob begins with its own sort, with the length before it (RFC 4253, section 6.6).
    let length = u32::try_from(sort.len()).map_or([0xFF; 4], u32::to_be_bytes);
    let named = blob.strip_prefix(&length).is_some_and(|rest| rest.starts_with(sort.as_bytes()));
    named.then(|| KeyFingerprint::from(format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(&blob)))))
}

/// Reads the keys of one user.
pub(crate) async fn read(about: &About<'_>) -> Outcome {
    let (account, user) = (about.account, about.user);
    let walked = walk_iam!(
        account.iam_asker,
        "iam:ListSSHPublicKeys",
        |marker| account.iam.list_ssh_public_keys().user_name(user).set_marker(marker),
        |answer| answer.ssh_public_keys.into_iter().flatten()
    );
    let mut outcome = Outcome::of_walk(walked.broken);
    for key in &walked.items {
        if let Some(record) = one(about, key, &mut outcome).await {
            outcome.records.push(record);
        }
    }
    outcome
}

/// One key; `None`: it is gone by now.
async fn one(about: &About<'_>, key: &SshPublicKeyMetadata, outcome: &mut Outcome) -> Option<Access> {
    let (account, id) = (about.account, &key.ssh_public_key_id);
    let part = short(id, 40);
    let word = key.status.as_str();
    let (status, unknown) = status_of(word);
    if unknown {
        let field = String::from("Status");
        outcome.gap(part.clone(), Cause::UnknownWord { field, word: short(word, 40), rows: 1, first: part.clone() });
    }
    let mut access = about.known.person.grant(about.scope.clone(), AccessKind::SshKey, id.clone(), status);
    access.status_text = unknown.then(|| short(word, 40));
    access.grant_display = Some(format!("SSH public key {id} of {}", about.user));
    access.target = Some(String::from("CodeCommit"));
    access.created_at = stamp(Some(&key.upload_date)).fact("UploadDate");
    access.last_used_at = Fact::Hidden(String::from("AWS does not record the use of SSH public keys"));
    access.expires_at = Fact::None;
    let request = || {
        account.iam.get_ssh_public_key().user_name(about.user).ssh_public_key_id(id).encoding(EncodingType::Ssh).send()
    };
    match account.iam_asker.ask("iam:GetSSHPublicKey", request).await {
        Ok(answer) => {
            access.public_key = answer.ssh_public_key.as_ref().and_then(|key| fingerprint(&key.ssh_public_key_body));
            if access.public_key.is_none() {
                let what = String::from("iam:GetSSHPublicKey: the key is not in the form that was asked for");
                outcome.gap(part, Cause::Malformed { what });
            }
        }
        Err(failure) if failure.is_gone() => return None,
        Err(failure) => outcome.gap(part, failure.cause),
    }
    Some(access)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_the_one_ssh_keygen_prints() {
        // A key of the SSH reader's tests: `ssh-keygen -l` prints this.
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti user@example.com";
        let found = fingerprint(key).expect("a key");
        let parsed = ssh_key::PublicKey::from_openssh(key).expect("a key");
        assert_eq!(found.as_str(), parsed.fingerprint(ssh_key::HashAlg::Sha256).to_string());
    }

    #[test]
    fn what_is_no_key_has_no_fingerprint() {
        for wrong in [
            "",
            "ssh-rsa",
            "ssh-rsa AAAA",
            "ssh-rsa !!!!",
            "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti",
        ] {
            assert_eq!(fingerprint(wrong), None, "{wrong}");
        }
    }
}
