// SPDX-License-Identifier: Apache-2.0
/**
 * The {@code recover} command: migration journals, the ownership of devices, decisions of an operator, and stopped
 * devices.
 */
@NullMarked
package io.vfio4j.cli.recover;

import org.jspecify.annotations.NullMarked;
