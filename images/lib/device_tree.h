/* The little that a guest reads from a flattened device tree (devicetree specification 0.4, chapter 5). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * Calls back for each property. The node's name is without its path; false when the bytes are no device tree.
 */
typedef void device_tree_visit(const char *node, const char *property, const char *value, uint32_t count);
bool device_tree_walk(uintptr_t address, device_tree_visit *visit);
