// SPDX-License-Identifier: Apache-2.0
/** The commands {@code states} and {@code plan}: what the protocol is, and how to get about in it. */
@NullMarked
package io.vfio4j.cli.states;

import org.jspecify.annotations.NullMarked;
