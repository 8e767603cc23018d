//! Tests of the treaty. `source.rs` makes packages from bytes, `samples.rs` has hand-made ones,
//! `reference.rs` says slowly and plainly what the analyses must find.

mod decoding;
mod flow;
mod large;
mod library;
mod listing;
mod mutation;
mod reference;
mod round_trip;
mod samples;
mod source;
mod verifier;
mod verifier_code;
