//! What a release is made of: the image and the list of what is in it, the chart as it is published, and the workflow that does so;
//! and what `make e2e` has beside its scenes.
//!
//! The image is built for this kind of machine, which takes minutes the first time. That two builds in two folders give the same
//! digest, and the other kind of machine, is for the release, which builds both twice, and for `tools/image/reproduce.sh`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else"
)]

mod contents;
mod image;
mod layout;
mod node;
mod packing;
mod publish_script;
mod publishing;
mod release_scripts;
mod workflows;
