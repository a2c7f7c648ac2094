// SPDX-License-Identifier: Apache-2.0
/**
 * The command line: {@link io.vfio4j.cli.Main} runs a command, {@link io.vfio4j.cli.Commands} lists them, and the other
 * classes print help, usage errors and shell completion. Each command has its own package below this one; no package
 * depends on this one. The module exports nothing.
 */
@NullMarked
package io.vfio4j.cli;

import org.jspecify.annotations.NullMarked;
