//! What Vector, List and Enum do to sequences, once for all of them: the natives of these modules take
//! their arguments apart and call these.

pub mod keyed;
pub mod numbers;
pub mod order;
pub mod shape;
