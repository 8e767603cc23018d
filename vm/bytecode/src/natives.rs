//! The natives table: the functions that the standard library is built on and that the runtime
//! supplies, by name and number of arguments. Names are `module_function`.
//!
//! A `.ratab` file names natives by text, so the order here is free; the loader resolves them to
//! indices into this table, and the runtime hands the VM one function per entry.

use foldhash::HashMap;
use std::sync::LazyLock;

/// A native's name and number of arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NativeSpec {
    /// `module_function`.
    pub name: &'static str,
    /// Number of arguments.
    pub arity: u32,
}

/// Calls `$m!` with the whole table: for each file of natives its name and, in braces, `name / arity` of
/// each native in it.
#[macro_export]
macro_rules! for_each_native {
    ($m:ident) => {
        $m! {
            core {
                core_typeof / 1, core_inspect / 1, core_display / 1, core_is_truthy / 1,
                core_compare / 2, core_hash / 1, core_exception / 3, core_assert_type / 2,
                core_debug / 2, core_takes / 2, core_is_int / 1, core_is_float / 1,
                core_is_numeric / 1, core_is_posint / 1, core_is_bool / 1, core_is_string / 1,
                core_is_symbol / 1, core_is_nil / 1, core_is_function / 1, core_is_pid / 1,
                core_is_ref / 1, core_is_module / 1, core_is_vector / 1, core_is_list / 1,
                core_is_map / 1, core_is_set / 1, core_is_table / 1, core_is_exception / 1,
                core_exception_type / 1, core_exception_message / 1, core_exception_data / 1,
            }
            dataload {
                dataload_read_csv / 2, dataload_must_read_csv / 2, dataload_write_csv / 4,
            }
            enums {
                enum_is_stream / 1, enum_source / 1, enum_length / 1, enum_count / 1,
                enum_push / 2, enum_collect / 2, enum_flat / 2, enum_from_chain / 1, stream_collect / 1,
                stream_collect_list / 1, enum_at / 3, enum_sort / 2, enum_sort_by / 3,
                enum_take / 2, enum_drop / 2, enum_slice / 3, enum_chunk_every / 2, enum_zip / 2,
                enum_with_index / 2, enum_member / 2, enum_group_by / 2, enum_chunk_by / 2,
                enum_uniq_by / 2, enum_join / 2, enum_into / 2, enum_sum / 1, enum_product / 1,
                enum_mean / 1, enum_min / 1, enum_max / 1, enum_last / 1, enum_reverse / 1,
                enum_uniq / 1, enum_frequencies / 1, enum_unzip / 1, enum_to_vector / 1,
                enum_to_list / 1,
            }
            file {
                file_read / 1, file_must_read / 1,
            }
            io {
                io_puts / 1, io_print / 1, io_error / 1, io_inspect / 2, io_gets / 1, io_read / 0,
            }
            list {
                list_at / 3, list_prepend / 2, list_append / 2, list_concat / 2, list_take / 2,
                list_drop / 2, list_put / 3, list_insert_at / 3, list_delete_at / 2,
                list_index_of / 2, list_from_vector / 1, list_length / 1, list_is_empty / 1,
                list_first / 1, list_last / 1, list_rest / 1, list_reverse / 1,
                list_to_vector / 1,
            }
            maps {
                maps_size / 1, maps_get / 3, maps_find / 2, maps_fetch / 2, maps_old / 2,
                maps_put / 3, maps_put_new / 3, maps_delete / 2, maps_has_key / 2, maps_keys / 1,
                maps_values / 1, maps_to_list / 1, maps_entries / 1, maps_invert / 1,
                maps_from_list / 1, maps_from_keys / 2, maps_merge / 2, maps_take / 2,
                maps_drop / 2,
            }
            math {
                math_abs / 1, math_sign / 1, math_factorial / 1, math_clamp / 3, math_sqrt / 1,
                math_cbrt / 1, math_exp / 1, math_log10 / 1, math_log2 / 1, math_ln / 1,
                math_sin / 1, math_cos / 1, math_tan / 1, math_asin / 1, math_acos / 1,
                math_atan / 1, math_sinh / 1, math_cosh / 1, math_tanh / 1, math_hypot / 2,
                math_atan2 / 2, math_log / 2, math_gcd / 2, math_lcm / 2, math_is_even / 1,
                math_is_odd / 1, math_bit_not / 1, math_bit_and / 2, math_bit_or / 2,
                math_bit_xor / 2, math_shift_left / 2, math_shift_right / 2, math_round / 2,
                math_floor / 1, math_ceil / 1, math_trunc / 1,
            }
            random {
                random_seed / 1, random_uniform / 2, random_int / 2, random_normal / 2,
                random_shuffle / 1, random_sample / 3, random_pick / 1,
            }
            registry {
                registry_open / 2, registry_register / 3, registry_unregister / 3, registry_lookup / 3,
                registry_set_value / 3, registry_keys / 2, registry_entries / 2,
                registry_is_unique / 2, registry_broadcast / 4,
            }
            set {
                set_empty / 0, set_size / 1, set_from / 1, set_add / 2, set_delete / 2,
                set_member / 2, set_union / 2, set_intersection / 2, set_difference / 2,
                set_is_subset / 2, set_is_disjoint / 2, set_to_vector / 1,
            }
            string {
                string_length / 1, string_byte_size / 1, string_graphemes / 1,
                string_codepoints / 1, string_capitalize / 1, string_reverse / 1, string_trim / 3,
                string_split / 3, string_lines / 1, string_replace / 4, string_index_of / 2,
                string_slice / 3, string_at / 2, string_repeat / 2, string_pad / 4,
                string_join / 2, string_upcase / 1, string_downcase / 1, string_contains / 2,
                string_starts_with / 2, string_ends_with / 2, string_to_int / 2,
                string_must_int / 2, string_to_float / 1, string_must_float / 1,
                string_to_symbol / 1, string_from / 1, string_from_chars / 1, string_is_valid / 1,
                string_normalize / 2, string_distance / 2,
            }
            system {
                system_argv / 0, system_env / 1, system_monotonic_time / 1, system_os_time / 1,
                system_cores / 0, system_memory / 0, system_version / 0, system_halt / 1,
                system_cmd / 3,
            }
            vector {
                vector_type / 1, vector_get / 3, vector_head / 2, vector_tail / 2,
                vector_slice / 3, vector_append / 2, vector_prepend / 2, vector_concat / 2,
                vector_sort / 2, vector_order / 2, vector_zip / 2, vector_chunk_every / 2,
                vector_index_of / 2, vector_which / 1, vector_replace_at / 3,
                vector_insert_at / 3, vector_delete_at / 2, vector_flatten / 1, vector_repeat / 2,
                vector_range / 3, vector_length / 1, vector_is_empty / 1, vector_first / 1,
                vector_last / 1, vector_rest / 1, vector_reverse / 1, vector_unique / 1,
                vector_sum / 1, vector_product / 1, vector_min / 1, vector_max / 1,
                vector_cumsum / 1, vector_cumprod / 1, vector_rank / 1, vector_mean / 1,
            }
            apply {
                core_apply / 2, core_call_list / 3, core_caught / 1, core_accepts / 2,
            }
            cache {
                cache_new / 2, cache_put / 3, cache_put_new / 3, cache_get / 3, cache_find / 2, cache_has / 2,
                cache_take / 3, cache_delete / 2, cache_exchange / 4, cache_add / 4, cache_size / 1, cache_clear / 1,
                cache_end / 1, cache_entries / 2, cache_owner / 1, cache_set_heir / 3, cache_give / 3,
            }
            constant {
                constant_put / 2, constant_get / 2, constant_erase / 1,
            }
            counter {
                counter_new / 0, counter_add / 2, counter_get / 1,
            }
            log {
                log_level / 0, log_set_level / 1, log_write / 2, log_show / 2, log_raised / 1,
            }
            module {
                module_has_function / 3, module_functions / 1, module_exists / 1,
                module_behaviours / 1,
            }
            process {
                process_hibernate / 1, process_self / 0, process_make_ref / 0, process_spawn / 2, process_send / 3, process_await_room / 1,
                process_register / 2, process_unregister / 1, process_whereis / 1,
                process_registered / 0, process_link / 1, process_unlink / 1, process_monitor / 2,
                process_request / 3, process_demonitor / 2, process_exit / 1, process_exit_to / 2, process_flag / 2,
                process_is_alive / 1, process_list / 0, process_send_after / 3,
                process_cancel_timer / 1, process_read_timer / 1, process_get / 2,
                process_put / 2, process_erase / 1, process_alias / 1, process_unalias / 1,
                process_set_label / 1, process_ask_info / 2,
            }
            testing {
                tests_tell / 2, tests_load / 1, tests_place / 1, tests_capture / 1,
                tests_captured_by / 1, tests_captured / 1, tests_message / 1, tests_take / 1,
                tests_cover / 1, tests_clock / 0, tests_alarm / 1,
            }
        }
    };
}

macro_rules! define_table {
    ($($file:ident { $($name:ident / $arity:literal),* $(,)? })*) => {
        /// Every native.
        pub const NATIVES: &[NativeSpec] =
            &[$($(NativeSpec { name: stringify!($name), arity: $arity },)*)*];
    };
}
for_each_native!(define_table);

/// The position of a native in the table.
pub fn find(name: &str, arity: u32) -> Option<u32> {
    static PLACES: LazyLock<HashMap<(&str, u32), u32>> = LazyLock::new(|| {
        NATIVES.iter().zip(0..).map(|(native, at)| ((native.name, native.arity), at)).collect()
    });
    PLACES.get(&(name, arity)).copied()
}
