// SPDX-License-Identifier: Apache-2.0
/** The card PCI-IDIO-16 of ACCES I/O Products, which Linux drives with {@code gpio-pci-idio-16}. */
@NullMarked
package io.vfio4j.devices.idio16;

import org.jspecify.annotations.NullMarked;
