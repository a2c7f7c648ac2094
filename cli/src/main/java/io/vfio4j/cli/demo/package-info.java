// SPDX-License-Identifier: Apache-2.0
/**
 * The {@code demo} command: migrates devices with live traffic between processes, and verifies that nothing was lost.
 */
@NullMarked
package io.vfio4j.cli.demo;

import org.jspecify.annotations.NullMarked;
