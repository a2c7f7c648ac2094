// SPDX-License-Identifier: Apache-2.0
/** The {@code serve} command: one subcommand for each device, and devices of any class. */
@NullMarked
package io.vfio4j.cli.serve;

import org.jspecify.annotations.NullMarked;
