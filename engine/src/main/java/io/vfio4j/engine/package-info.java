// SPDX-License-Identifier: Apache-2.0
/** A migration: source and target, phases, stream, transports, journal, report. */
@NullMarked
package io.vfio4j.engine;

import org.jspecify.annotations.NullMarked;
