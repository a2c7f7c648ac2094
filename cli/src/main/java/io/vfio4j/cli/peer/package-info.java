// SPDX-License-Identifier: Apache-2.0
/** Connections to the other side of a migration: addresses, identities, listeners and rejected peers. */
@NullMarked
package io.vfio4j.cli.peer;

import org.jspecify.annotations.NullMarked;
