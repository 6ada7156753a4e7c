#pragma once
#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/command_error.hpp"

namespace rondo::tools {

/// A symbol that a program takes from a library in a version: memcpy, GLIBC_2.14, libc.so.6.
struct needed_symbol {
  std::string name;
  std::string version;
  std::string library;
};

/// What one wants to know about a program before it goes elsewhere. Reads 64-bit little-endian ELF; nothing in the file
/// is believed without a look at its bounds.
class elf_file {
 public:
  /// The bytes outlive it. Throws command_error when they are no such program.
  explicit elf_file(std::string_view bytes) : bytes_(bytes) {
    const auto header = at<Elf64_Ehdr>(0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) throw command_error("it is not an ELF file");
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB) {
      throw command_error("it is not a 64-bit little-endian program");
    }
    if (header->e_type != ET_EXEC && header->e_type != ET_DYN) throw command_error("it is not a linked program");
    machine_ = header->e_machine;
    for (std::size_t i = 0; i < header->e_phnum; ++i) {
      const auto segment = at<Elf64_Phdr>(header->e_phoff + i * sizeof(Elf64_Phdr));
      if (!segment) throw command_error("its program headers are damaged");
      if (segment->p_type == PT_INTERP) interpreter_ = text_in(segment->p_offset, segment->p_filesz);
    }
    for (std::size_t i = 0; i < header->e_shnum; ++i) {
      const auto section = at<Elf64_Shdr>(header->e_shoff + i * sizeof(Elf64_Shdr));
      if (!section) throw command_error("its section headers are damaged");
      sections_.push_back(*section);
    }
    read_dynamic();
    read_versions();
  }

  std::uint16_t machine() const noexcept { return machine_; }
  /// The loader; empty for static programs.
  const std::string& interpreter() const noexcept { return interpreter_; }
  const std::vector<std::string>& libraries() const noexcept { return libraries_; }
  const std::vector<needed_symbol>& symbols() const noexcept { return symbols_; }

 private:
  struct version {
    std::uint16_t index;
    std::string name;
    std::string library;
  };

  template <class T>
  std::optional<T> at(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  std::string text_in(std::uint64_t offset, std::uint64_t size) const {
    if (offset > bytes_.size()) return {};
    const std::string_view text = bytes_.substr(offset, size);
    return std::string(text.substr(0, text.find('\0')));
  }

  const Elf64_Shdr* section(std::uint32_t type) const {
    for (const auto& each : sections_) {
      if (each.sh_type == type) return &each;
    }
    return nullptr;
  }

  /// A text of the table that belongs to the section.
  std::string text_of(const Elf64_Shdr& section, std::uint64_t offset) const {
    if (section.sh_link >= sections_.size()) return {};
    const auto& table = sections_[section.sh_link];
    if (offset >= table.sh_size) return {};
    return text_in(table.sh_offset + offset, table.sh_size - offset);
  }

  void read_dynamic() {
    const auto* dynamic = section(SHT_DYNAMIC);
    if (!dynamic) return;
    for (std::uint64_t i = 0; i < dynamic->sh_size / sizeof(Elf64_Dyn); ++i) {
      const auto entry = at<Elf64_Dyn>(dynamic->sh_offset + i * sizeof(Elf64_Dyn));
      if (!entry || entry->d_tag == DT_NULL) return;
      if (entry->d_tag == DT_NEEDED) libraries_.push_back(text_of(*dynamic, entry->d_un.d_val));
    }
  }

  std::vector<version> read_version_names() const {
    std::vector<version> versions;
    const auto* needs = section(SHT_GNU_verneed);
    if (!needs) return versions;
    // Each step goes forward, so the section's size bounds the loops.
    std::uint64_t position = 0;
    while (position < needs->sh_size) {
      const auto need = at<Elf64_Verneed>(needs->sh_offset + position);
      if (!need) break;
      const std::string library = text_of(*needs, need->vn_file);
      std::uint64_t inner = position + need->vn_aux;
      for (std::uint32_t i = 0; i < need->vn_cnt && inner < needs->sh_size; ++i) {
        const auto name = at<Elf64_Vernaux>(needs->sh_offset + inner);
        if (!name) break;
        versions.push_back({name->vna_other, text_of(*needs, name->vna_name), library});
        if (name->vna_next == 0) break;
        inner += name->vna_next;
      }
      if (need->vn_next == 0) break;
      position += need->vn_next;
    }
    return versions;
  }

  void read_versions() {
    const auto versions = read_version_names();
    const auto* numbers = section(SHT_GNU_versym);
    const auto* names = section(SHT_DYNSYM);
    if (!numbers || !names) return;
    for (std::uint64_t i = 0; i < numbers->sh_size / sizeof(Elf64_Half); ++i) {
      const auto number = at<Elf64_Half>(numbers->sh_offset + i * sizeof(Elf64_Half));
      const auto symbol = at<Elf64_Sym>(names->sh_offset + i * sizeof(Elf64_Sym));
      if (!number || !symbol) return;
      constexpr std::uint16_t hidden = 0x8000;
      for (const auto& each : versions) {
        if (each.index != (*number & ~hidden)) continue;
        symbols_.push_back({text_of(*names, symbol->st_name), each.name, each.library});
        break;
      }
    }
  }

  std::string_view bytes_;
  std::uint16_t machine_ = 0;
  std::string interpreter_;
  std::vector<Elf64_Shdr> sections_;
  std::vector<std::string> libraries_;
  std::vector<needed_symbol> symbols_;
};

}  // namespace rondo::tools
