//! Rows M1 to M6: accounts that tell nobody, spellings, what is not propagated yet, words for a status, hostile names in
//! requests. M6, secrets in every part of an answer, is the canary suite (`tests/it/canaries`).

mod requests;
mod spellings;
mod status;
