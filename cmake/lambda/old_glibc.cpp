// Lets a program that is built with a newer C library run with glibc 2.34, that of Amazon Linux 2023: stand-ins for
// what static libstdc++ and libgcc take from later ones. Part of every program of rondo_add_lambda().
#include <features.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 36)
#include <sys/random.h>

// std::random_device asks it; new in 2.36.
extern "C" std::uint32_t arc4random() noexcept {
  std::uint32_t value = 0;
  while (getrandom(&value, sizeof(value), 0) != sizeof(value)) {
    if (errno != EINTR) std::abort();
  }
  return value;
}
#endif

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 35)
#include <dlfcn.h>
#include <link.h>

namespace {

struct search {
  std::uintptr_t address;
  dl_find_object* found;
};

/// Whether the address lies in the loaded object.
int look_into(dl_phdr_info* object, std::size_t, void* data) {
  const auto& wanted = *static_cast<const search*>(data);
  std::uintptr_t begin = UINTPTR_MAX;
  std::uintptr_t end = 0;
  std::uintptr_t unwind_table = 0;
  bool holds = false;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    const std::uintptr_t at = object->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_GNU_EH_FRAME) unwind_table = at;
    if (segment.p_type != PT_LOAD) continue;
    if (at < begin) begin = at;
    if (at + segment.p_memsz > end) end = at + segment.p_memsz;
    holds = holds || (wanted.address >= at && wanted.address - at < segment.p_memsz);
  }
  if (!holds || unwind_table == 0) return 0;
  *wanted.found = dl_find_object{};
  wanted.found->dlfo_map_start = reinterpret_cast<void*>(begin);
  wanted.found->dlfo_map_end = reinterpret_cast<void*>(end);
  wanted.found->dlfo_eh_frame = reinterpret_cast<void*>(unwind_table);
  return 1;
}

}  // namespace

// The unwinder asks it where the tables of a function are; new in 2.35.
extern "C" int _dl_find_object(void* address, dl_find_object* found) noexcept {
  search wanted{reinterpret_cast<std::uintptr_t>(address), found};
  return dl_iterate_phdr(look_into, &wanted) == 0 ? -1 : 0;
}
#endif
