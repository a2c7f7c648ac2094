// SPDX-License-Identifier: Apache-2.0
/**
 * Commands.
 *
 * <p>
 * {@link io.vfio4j.cli.Main} runs one; {@link io.vfio4j.cli.Commands} knows which there are. What is public is for
 * the commands in packages of their own; the module exports nothing.
 */
@NullMarked
package io.vfio4j.cli;

import org.jspecify.annotations.NullMarked;
