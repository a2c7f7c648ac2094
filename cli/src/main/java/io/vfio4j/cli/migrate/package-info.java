/** The commands migrate, send, receive, save and restore. */
@NullMarked
package io.vfio4j.cli.migrate;

import org.jspecify.annotations.NullMarked;
