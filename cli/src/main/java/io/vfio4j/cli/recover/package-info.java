/**
 * The command recover: journals of migrations, the ownership of their devices, decisions of an operator, and stopped devices.
 */
@NullMarked
package io.vfio4j.cli.recover;

import org.jspecify.annotations.NullMarked;
