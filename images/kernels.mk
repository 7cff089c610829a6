# Builds the kernels of one architecture (ARCH). Called by the Makefile.
# Everything is written aside and moved into place: two builds at once do not read each other's halves.

CC  := clang
LLD := ld.lld
Q   := $(if $(V),,@)
OUT := $(BUILD)/.objects/$(ARCH)

# Os: under TCG a boot is mostly the translation of code that runs once, so less code is a faster boot.
# contract=off: the same readings give the same statistics, bit for bit, on every architecture.
# no-math-errno: a square root is an instruction, not a call.
CFLAGS := -std=c11 -Os -Wall -Wextra -Wshadow -Wconversion -Werror -Ilib \
          -ffreestanding -fno-builtin -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables \
          -ffunction-sections -fdata-sections -mno-implicit-float -ffp-contract=off -fno-math-errno
LDFLAGS := -static --strip-all --gc-sections -z max-page-size=4096 -z noexecstack

# The load address is where QEMU puts nothing else: on virt the first 2 MiB may hold the device tree.
ifeq ($(ARCH),x86_64)
CFLAGS  += --target=x86_64-none-elf -mno-red-zone
BASE    := 0x100000
MACHINE := start_x86_64 platform_x86
else ifeq ($(ARCH),arm64)
CFLAGS  += --target=aarch64-none-elf -mcpu=cortex-a53
BASE    := 0x40200000
MACHINE := start_arm64 platform_arm gic device_tree
else ifeq ($(ARCH),armv7)
CFLAGS  += --target=armv7a-none-eabihf -mcpu=cortex-a7 -mfpu=vfpv3-d16 -mfloat-abi=hard -marm -mno-unaligned-access
BASE    := 0x40200000
MACHINE := start_armv7 platform_arm gic device_tree
else
$(error ARCH is "$(ARCH)"; it can be x86_64, arm64 or armv7)
endif

LIBRARY := $(MACHINE) entry note memory text panic virtq virtio port nic net tcp protobuf frames channel

library_objects := $(LIBRARY:%=$(OUT)/lib/%.o)
image_objects    = $(patsubst %.c,$(OUT)/%.o,$(sort $(wildcard $(1)/*.c)))

# An image's name and version, for its own sources only.
version_of = $(or $(shell sed -n "s/^version: *['\"]*\([^'\"]*\)['\"]*$$/\1/p" $(1)/image.yaml),$(error $(1)/image.yaml has no version))
identity   = $(if $(filter $(1),$(IMAGES)),-DIMAGE_NAME='"$(1)"' -DIMAGE_VERSION='"$(call version_of,$(1))"')

.DELETE_ON_ERROR:
.SECONDARY:
.SECONDEXPANSION:
.PHONY: all
all: $(IMAGES:%=$(BUILD)/%/kernel-$(ARCH).elf) $(if $(filter x86_64,$(ARCH)),$(BUILD)/.loader/multiboot64.elf)
	@:

compile = $(CC) $(CFLAGS) $(call identity,$(patsubst %/,%,$(dir $*))) -MMD -MP -MT $@ -MF $(@:.o=.d).$$$$ -c $< -o $@.$$$$ && \
          mv $(@:.o=.d).$$$$ $(@:.o=.d) && mv $@.$$$$ $@

$(OUT)/%.o: %.c Makefile kernels.mk $$(wildcard $$(dir $$*)image.yaml)
	@mkdir -p $(@D)
	$(Q)$(compile)

$(OUT)/%.o: %.S Makefile kernels.mk
	@mkdir -p $(@D)
	$(Q)$(compile)

$(BUILD)/%/kernel-$(ARCH).elf: $(library_objects) $$(call image_objects,$$*) lib/link.ld kernels.mk
	@mkdir -p $(@D)
	$(Q)$(LLD) $(LDFLAGS) -T lib/link.ld --defsym=BASE=$(BASE) -o $@.$$$$ $(filter %.o,$^) && mv $@.$$$$ $@
	@echo "image $* $(ARCH): $$(wc -c < $@) bytes"

# What loads 64-bit multiboot images on x86: 32-bit code, and no image itself.
LOADER_FLAGS   := $(filter-out --target=% -mno-red-zone -Ilib,$(CFLAGS)) --target=i386-none-elf -march=i686 -mno-sse -mno-mmx
loader_objects := $(OUT)/loader/start.o $(OUT)/loader/main.o
$(loader_objects): CFLAGS := $(LOADER_FLAGS)

$(BUILD)/.loader/multiboot64.elf: $(loader_objects) loader/link.ld kernels.mk
	@mkdir -p $(@D)
	$(Q)$(LLD) $(LDFLAGS) -T loader/link.ld -o $@.$$$$ $(filter %.o,$^) && mv $@.$$$$ $@
	@echo "loader of 64-bit multiboot images: $$(wc -c < $@) bytes"

-include $(loader_objects:.o=.d) $(patsubst %.o,%.d,$(library_objects) $(foreach image,$(IMAGES),$(call image_objects,$(image))))
