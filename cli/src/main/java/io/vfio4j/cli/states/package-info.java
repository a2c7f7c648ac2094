// SPDX-License-Identifier: Apache-2.0
/** The commands {@code states} and {@code plan}: the device states of the protocol, and paths between them. */
@NullMarked
package io.vfio4j.cli.states;

import org.jspecify.annotations.NullMarked;
