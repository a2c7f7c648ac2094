// SPDX-License-Identifier: Apache-2.0
/** The commands {@code migrate}, {@code send}, {@code receive}, {@code save} and {@code restore}. */
@NullMarked
package io.vfio4j.cli.migrate;

import org.jspecify.annotations.NullMarked;
