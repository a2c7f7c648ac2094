@NullMarked
package io.vfio4j.engine.util;

import org.jspecify.annotations.NullMarked;
