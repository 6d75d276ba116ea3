//! The GraphQL documents. Each is one named query with variables; the transport parses it and refuses anything that is
//! no query. Fields follow GitHub's published schema.
//!
//! Their cost in points is the number of connections the platform has to walk, divided by a hundred, at least one.

/// One document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Name of the operation.
    pub name: &'static str,
    /// The document.
    pub document: &'static str,
    /// Rights it needs, as the platform names them.
    pub rights: &'static [&'static str],
}

/// Members with role, second factor, addresses and public keys: a hundred people for one or two points.
pub const MEMBERS: Query = Query {
    name: "OrganizationMembers",
    document: "query OrganizationMembers($org: String!, $first: Int!, $after: String) {
  organization(login: $org) {
    databaseId
    membersWithRole(first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      edges {
        role
        hasTwoFactorEnabled
        node {
          databaseId login name email
          organizationVerifiedDomainEmails(login: $org)
          publicKeys(first: 50) { totalCount nodes { id fingerprint key } }
        }
      }
    }
  }
  rateLimit { cost limit remaining used resetAt }
}",
    rights: &["members=read"],
};

/// Public keys of one person beyond the first fifty.
pub const PUBLIC_KEYS: Query = Query {
    name: "PersonPublicKeys",
    document: "query PersonPublicKeys($login: String!, $first: Int!, $after: String) {
  user(login: $login) {
    databaseId
    publicKeys(first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { id fingerprint key }
    }
  }
  rateLimit { cost limit remaining used resetAt }
}",
    rights: &[],
};

/// Teams with their own members and the highest right they have on any repository.
pub const TEAMS: Query = Query {
    name: "OrganizationTeams",
    document: "query OrganizationTeams($org: String!, $first: Int!, $after: String) {
  organization(login: $org) {
    databaseId
    teams(first: $first, after: $after, orderBy: { field: NAME, direction: ASC }) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes {
        databaseId slug name privacy
        parentTeam { databaseId slug }
        members(first: 100, membership: IMMEDIATE) {
          totalCount
          pageInfo { hasNextPage endCursor }
          edges { role node { databaseId login } }
        }
        repositories(first: 1, orderBy: { field: PERMISSION, direction: DESC }) { totalCount edges { permission } }
      }
    }
  }
  rateLimit { cost limit remaining used resetAt }
}",
    rights: &["members=read"],
};

/// Members of one team beyond the first hundred.
pub const TEAM_MEMBERS: Query = Query {
    name: "TeamMembers",
    document: "query TeamMembers($org: String!, $slug: String!, $first: Int!, $after: String) {
  organization(login: $org) {
    team(slug: $slug) {
      databaseId
      members(first: $first, after: $after, membership: IMMEDIATE) {
        totalCount
        pageInfo { hasNextPage endCursor }
        edges { role node { databaseId login } }
      }
    }
  }
  rateLimit { cost limit remaining used resetAt }
}",
    rights: &["members=read"],
};

/// Identities of the identity provider that are linked to accounts.
pub const IDENTITIES: Query = Query {
    name: "ExternalIdentities",
    document: "query ExternalIdentities($org: String!, $first: Int!, $after: String) {
  organization(login: $org) {
    databaseId viewerCanAdminister
    samlIdentityProvider {
      issuer
      externalIdentities(first: $first, after: $after, membersOnly: false) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes {
          guid
          samlIdentity { nameId username emails { value } }
          scimIdentity { username emails { value } }
          user { databaseId login }
        }
      }
    }
  }
  rateLimit { cost limit remaining used resetAt }
}",
    rights: &["members=read"],
};

/// Repositories with everything GraphQL tells of them at once.
pub const REPOSITORIES: Query = Query {
    name: "RepositorySweep",
    document: "query RepositorySweep($org: String!, $first: Int!, $after: String) {
  organization(login: $org) {
    databaseId
    repositories(first: $first, after: $after, orderBy: { field: CREATED_AT, direction: ASC }) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes {
        id databaseId nameWithOwner isArchived isDisabled isEmpty visibility pushedAt
        collaborators(affiliation: DIRECT, first: 50) {
          totalCount
          pageInfo { hasNextPage endCursor }
          edges { permission node { databaseId login } permissionSources { permission roleName source { __typename } } }
        }
        deployKeys(first: 1) { totalCount }
        environments(first: 1) { totalCount }
        first: object(expression: \"HEAD:.github/CODEOWNERS\") { ... on Blob { lines: text isTruncated } }
        second: object(expression: \"HEAD:CODEOWNERS\") { ... on Blob { lines: text isTruncated } }
        third: object(expression: \"HEAD:docs/CODEOWNERS\") { ... on Blob { lines: text isTruncated } }
        workflows: object(expression: \"HEAD:.github/workflows\") {
          ... on Tree { entries { name type object { ... on Blob { oid byteSize isTruncated script: text } } } }
        }
      }
    }
  }
  rateLimit { cost limit remaining used resetAt }
}",
    rights: &["metadata=read", "administration=read", "contents=read"],
};

/// Direct collaborators of one repository beyond the first fifty.
pub const COLLABORATORS: Query = Query {
    name: "RepositoryCollaborators",
    document: "query RepositoryCollaborators($repository: ID!, $first: Int!, $after: String) {
  node(id: $repository) {
    ... on Repository {
      databaseId
      collaborators(affiliation: DIRECT, first: $first, after: $after) {
        totalCount
        pageInfo { hasNextPage endCursor }
        edges { permission node { databaseId login } permissionSources { permission roleName source { __typename } } }
      }
    }
  }
  rateLimit { cost limit remaining used resetAt }
}",
    rights: &["metadata=read"],
};

/// What a repository is called now, by the id that never changes.
pub const REPOSITORY_NAME: Query = Query {
    name: "RepositoryName",
    document: "query RepositoryName($repository: ID!) {
  node(id: $repository) { ... on Repository { databaseId nameWithOwner } }
  rateLimit { cost limit remaining used resetAt }
}",
    rights: &["metadata=read"],
};

/// Files a query of [`BLAME`] asks about at most.
pub const BLAMED: usize = 10;

/// Who last changed each line of up to ten files.
pub const BLAME: Query = Query {
    name: "LineAuthors",
    document: "query LineAuthors($r0: ID!, $p0: String!, $r1: ID!, $p1: String!, $r2: ID!, $p2: String!, $r3: ID!, $p3: String!, $r4: ID!, $p4: String!, $r5: ID!, $p5: String!, $r6: ID!, $p6: String!, $r7: ID!, $p7: String!, $r8: ID!, $p8: String!, $r9: ID!, $p9: String!, $n1: Boolean!, $n2: Boolean!, $n3: Boolean!, $n4: Boolean!, $n5: Boolean!, $n6: Boolean!, $n7: Boolean!, $n8: Boolean!, $n9: Boolean!) {
  b0: node(id: $r0) { ... on Repository { defaultBranchRef { target { ... on Commit { blame(path: $p0) { ...lines } } } } } }
  b1: node(id: $r1) @include(if: $n1) { ... on Repository { defaultBranchRef { target { ... on Commit { blame(path: $p1) { ...lines } } } } } }
  b2: node(id: $r2) @include(if: $n2) { ... on Repository { defaultBranchRef { target { ... on Commit { blame(path: $p2) { ...lines } } } } } }
  b3: node(id: $r3) @include(if: $n3) { ... on Repository { defaultBranchRef { target { ... on Commit { blame(path: $p3) { ...lines } } } } } }
  b4: node(id: $r4) @include(if: $n4) { ... on Repository { defaultBranchRef { target { ... on Commit { blame(path: $p4) { ...lines } } } } } }
  b5: node(id: $r5) @include(if: $n5) { ... on Repository { defaultBranchRef { target { ... on Commit { blame(path: $p5) { ...lines } } } } } }
  b6: node(id: $r6) @include(if: $n6) { ... on Repository { defaultBranchRef { target { ... on Commit { blame(path: $p6) { ...lines } } } } } }
  b7: node(id: $r7) @include(if: $n7) { ... on Repository { defaultBranchRef { target { ... on Commit { blame(path: $p7) { ...lines } } } } } }
  b8: node(id: $r8) @include(if: $n8) { ... on Repository { defaultBranchRef { target { ... on Commit { blame(path: $p8) { ...lines } } } } } }
  b9: node(id: $r9) @include(if: $n9) { ... on Repository { defaultBranchRef { target { ... on Commit { blame(path: $p9) { ...lines } } } } } }
  rateLimit { cost limit remaining used resetAt }
}
fragment lines on Blame {
  ranges { startingLine endingLine commit { committedDate author { email name user { databaseId login } } } }
}",
    rights: &["contents=read"],
};

/// Every document.
pub const ALL: [Query; 9] =
    [MEMBERS, PUBLIC_KEYS, TEAMS, TEAM_MEMBERS, IDENTITIES, REPOSITORIES, COLLABORATORS, REPOSITORY_NAME, BLAME];
