@NullMarked
package io.vfio4j.cli.device;

import org.jspecify.annotations.NullMarked;
