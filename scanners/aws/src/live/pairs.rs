//! EC2 key pairs, region by region. One call of the query protocol: the vendor's EC2 library would cost more to build
//! than everything else here together.

use std::collections::HashSet;
use std::sync::Arc;

use http::{HeaderValue, Method};
use scan_contract::{
    Access, AccessKind, AsOf, AsOfSource, Cause, Cursor, EndProof, Fact, Gap, GrantId, Holder, Moment, Outlet,
    Privilege, ProofKind, Relation, ScopeName, Status,
};
use scan_transport::{Door, Reply, Request};
use tokio::task::JoinSet;
use url::Url;

use crate::live::clients::Account;
use crate::live::failure::cause_of;
use crate::live::follow::ssh::fingerprint;
use crate::live::scopes::{KEY_PAIRS, keyed};
use crate::live::signed::Signature;
use crate::live::xml::{Element, refusal};
use crate::read::wire::{Tag, instant};
use crate::tell::people::owners_in;
use crate::text::short;

const OPERATION: &str = "ec2:DescribeKeyPairs";
/// The request; the interface has no pages for key pairs.
const BODY: &str = "Action=DescribeKeyPairs&Version=2016-11-15&IncludePublicKey=true";
/// Records in a sheet.
const PAGE: usize = 500;

/// Reads every configured region of one account. A region that fails is its own gap.
pub(crate) async fn read_all(account: &Arc<Account>, outlet: &Outlet) -> Result<(), Cause> {
    let mut asked = JoinSet::new();
    let mut waiting = account.settings.key_pair_regions.iter();
    loop {
        while asked.len() < 4 {
            let Some(region) = waiting.next() else { break };
            let (account, region) = (Arc::clone(account), region.clone());
            asked.spawn(async move {
                let answer = ask(&account, &region).await;
                (region, answer)
            });
        }
        match asked.join_next().await {
            None => return Ok(()),
            Some(Ok((region, answer))) => hand_over(account, &region, answer, outlet).await?,
            Some(Err(_)) => return Err(Cause::Stopped),
        }
    }
}

async fn hand_over(
    account: &Account,
    region: &str,
    answer: Result<Element, Cause>,
    outlet: &Outlet,
) -> Result<(), Cause> {
    let scope = keyed(&account.id, KEY_PAIRS, region);
    let root = match answer {
        Ok(root) => root,
        Err(cause) => return outlet.gap(Gap::scope(&scope, cause)).await,
    };
    outlet.open(&scope, Some(AsOf { at: account.door.now(), source: AsOfSource::Stated })).await?;
    let Some(set) = root.child("keySet") else {
        let what = format!("{OPERATION}: the answer has no keySet");
        return outlet.gap(Gap::scope(&scope, Cause::Malformed { what })).await;
    };
    let mut records = Vec::new();
    let mut seen = HashSet::new();
    for (index, item) in set.all("item").enumerate() {
        let Some((access, odd)) = pair(account, region, item, &scope) else {
            let what = format!("{OPERATION}: key pair {} has neither id nor name", index + 1);
            outlet.gap(Gap::part(&scope, format!("key pair {}", index + 1), Cause::Malformed { what })).await?;
            continue;
        };
        if seen.insert(access.grant_id.clone()) {
            for cause in odd {
                outlet.gap(Gap::part(&scope, short(access.grant_id.as_str(), 80), cause)).await?;
            }
            records.push(access);
        }
        if records.len() >= PAGE {
            outlet.page(std::mem::take(&mut records), Cursor(format!("{scope}/{index}"))).await?;
        }
    }
    if !records.is_empty() {
        outlet.page(records, Cursor(format!("{scope}/end"))).await?;
    }
    outlet.seal(&scope, EndProof { kind: ProofKind::LastPage, announced: None, sha256: None }).await
}

/// Asks one region. An expired credential is renewed once.
async fn ask(account: &Account, region: &str) -> Result<Element, Cause> {
    let signature = Signature {
        signer: Arc::clone(&account.signer),
        door: Arc::clone(&account.door),
        service: "ec2",
        region: region.to_owned(),
    };
    let paced_as = account.paced_as(&format!("ec2.{region}"));
    let door = account.door.with_credential(Arc::new(signature)).for_account(paced_as);
    let mut renewed = false;
    loop {
        let reply = send(account, &door, region).await?;
        let text = std::str::from_utf8(&reply.body)
            .map_err(|_| Cause::Malformed { what: format!("{}: not UTF-8", reply.describe()) })?;
        if reply.status.is_success() {
            let root = Element::read(text, OPERATION)?;
            return if root.name == "DescribeKeyPairsResponse" {
                Ok(root)
            } else {
                Err(Cause::Malformed { what: format!("{}: another answer than was asked for", reply.describe()) })
            };
        }
        let Some((code, message)) = refusal(text) else { return Err(reply.unexpected()) };
        if !renewed && matches!(code.as_str(), "RequestExpired" | "ExpiredToken" | "ExpiredTokenException") {
            renewed = true;
            account.signer.renew().await;
            continue;
        }
        let cause = cause_of(OPERATION, reply.status.as_u16(), &code, &message);
        // A region that is switched off does not know the credential.
        return Err(match cause {
            Cause::Unauthenticated { detail } if region != account.settings.region => Cause::NotOnPlan {
                what: format!(
                    "{detail}: region {} is not switched on, or it does not know this credential",
                    short(region, 40)
                ),
            },
            other => other,
        });
    }
}

async fn send(account: &Account, door: &Door, region: &str) -> Result<Reply, Cause> {
    let url = if let Some(endpoint) = &account.settings.endpoint {
        endpoint.clone()
    } else {
        let name = format!("https://ec2.{region}.{}/", account.settings.partition.suffix());
        Url::parse(&name).map_err(|_| Cause::Malformed { what: format!("region {:?} is none", short(region, 40)) })?
    };
    let mut request = Request::get(url);
    request.method = Method::POST;
    request.body = bytes::Bytes::from_static(BODY.as_bytes());
    let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
    door.send(request.with(http::header::CONTENT_TYPE, form)).await
}

/// One key pair, and what of it could not be read.
fn pair(account: &Account, region: &str, item: &Element, scope: &ScopeName) -> Option<(Access, Vec<Cause>)> {
    let name = item.text_of("keyName");
    let id = item.text_of("keyPairId").map(str::to_owned).or_else(|| name.map(|name| format!("{region}/{name}")))?;
    let mut odd = Vec::new();
    let mut access = Access::new(scope.clone(), AccessKind::SshKey, GrantId::from(id), Status::Enabled);
    access.grant_display = Some(format!("EC2 key pair {} in {region}", name.unwrap_or("without a name")));
    access.target = Some(format!("EC2 in {region}"));
    access.privilege = Privilege::Unknown;
    access.privilege_reason = Some(String::from("which instances let the key in is not known to EC2"));
    access.created_at = match item.text_of("createTime").map(instant) {
        None => Fact::Hidden(String::from("EC2 does not say when it was made")),
        Some(Some(at)) => Fact::Known(Moment::exact(at)),
        Some(None) => {
            odd.push(Cause::Malformed { what: format!("{OPERATION}: createTime is not a time") });
            Fact::Hidden(String::from("createTime is not a time"))
        }
    };
    access.last_used_at = Fact::Hidden(String::from("EC2 does not record the use of key pairs"));
    access.expires_at = Fact::None;
    match item.text_of("publicKey") {
        Some(key) => match fingerprint(key) {
            Some(print) => {
                let mut holder = Holder::new(Relation::Holder);
                holder.ssh_fingerprint = Some(print.clone());
                access.holders.push(holder);
                access.public_key = Some(print);
            }
            None => odd.push(Cause::Malformed { what: format!("{OPERATION}: publicKey is not an SSH key") }),
        },
        None => access.evidence.push(String::from("EC2 keeps no public key of this pair")),
    }
    let tags: Vec<Tag> = item
        .child("tagSet")
        .into_iter()
        .flat_map(|set| set.all("item"))
        .filter_map(|tag| Some(Tag { key: tag.text_of("key")?.to_owned(), value: tag.text_of("value")?.to_owned() }))
        .collect();
    access.holders.extend(owners_in(&tags, &account.settings.owner_tags));
    access.evidence.push(String::from("deleting a key pair does not take its key off running instances"));
    Some((access, odd))
}

/// Whether key pairs of a region can be listed.
pub(crate) async fn try_region(account: &Account, region: &str) -> Result<(), Cause> {
    ask(account, region).await.map(drop)
}
