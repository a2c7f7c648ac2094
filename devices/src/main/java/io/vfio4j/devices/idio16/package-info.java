// SPDX-License-Identifier: Apache-2.0
/** The PCI-IDIO-16 card by ACCES I/O Products (Linux driver: {@code gpio-pci-idio-16}). */
@NullMarked
package io.vfio4j.devices.idio16;

import org.jspecify.annotations.NullMarked;
